using System.Text.RegularExpressions;
using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>
/// What a node can run, as labels that the scheduler understands; KubeVirt's, and one of our own. A guest keeps machine
/// type and CPU model for as long as it runs, so a node that lacks one of them is no target.
/// </summary>
public static partial class NodeLabels
{
    private const string MachineType = "machine-type.node.kubevirt.io/";
    private const string CpuModel = "cpu-model.node.kubevirt.io/";
    private const string Accelerator = "accelerator.node.migration.internal/";
    private const string Provided = "true";

    public static IReadOnlyDictionary<string, string> Of(GetNodeResponse facts) =>
        facts.MachineTypes.Select(type => MachineType + type)
            .Concat(facts.CpuModels.Select(model => CpuModel + model))
            .Concat(facts.Accelerators.Select(accelerator => Accelerator + NameOf(accelerator)))
            .Where(key => Name().IsMatch(key[(key.IndexOf('/', StringComparison.Ordinal) + 1)..]))
            .Distinct()
            .ToDictionary(key => key, _ => Provided);

    /// <summary>The node with these labels, and without others of ours.</summary>
    public static Kubernetes.Node Labelled(Kubernetes.Node node, IReadOnlyDictionary<string, string> labels)
    {
        var kept = (node.Metadata.Labels ?? new Dictionary<string, string>()).Where(label => !IsOurs(label.Key));
        return node with { Metadata = node.Metadata with { Labels = kept.Concat(labels).ToDictionary() } };
    }

    /// <summary>
    /// What the target of this guest must have. Only what its present node is labelled with is asked for: where nobody labels
    /// nodes, the target says itself what it cannot provide.
    /// </summary>
    public static IReadOnlyDictionary<string, string> RequiredBy(Machine machine, Kubernetes.Node? source) =>
        new[] { MachineType + machine.MachineType, CpuModel + machine.CpuModel, Accelerator + NameOf(machine.Accelerator) }
            .Where(key => source?.Metadata.Label(key) == Provided)
            .ToDictionary(key => key, _ => Provided);

    private static bool IsOurs(string key) =>
        key.StartsWith(MachineType, StringComparison.Ordinal) || key.StartsWith(CpuModel, StringComparison.Ordinal) || key.StartsWith(Accelerator, StringComparison.Ordinal);

    private static string NameOf(Accelerator accelerator) => accelerator.ToString().ToLowerInvariant();

    [GeneratedRegex("^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")]
    private static partial Regex Name();
}
