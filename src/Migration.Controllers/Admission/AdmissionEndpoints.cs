using System.Text.Json;
using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Admission;

/// <summary>
/// Everything the API server asks us about, one entry each. A rule is a function of the proposed object, the one
/// before it and, where it must, the cluster; it goes into the list below with one line.
/// </summary>
public static class AdmissionEndpoints
{
    private static readonly string[] AllVersions = ["v1", "v1alpha3"];

    /// <param name="evictionStrategy">Of instances that name none.</param>
    public static IReadOnlyList<AdmissionEndpoint> All(KubernetesClient client, string evictionStrategy) =>
    [
        Mutating(KubeVirt.VirtualMachines, MachineRules.Complete) with { Versions = AllVersions },
        Mutating(KubeVirt.Instances, proposal => InstanceRules.Complete(proposal, evictionStrategy)) with { Versions = AllVersions },
        Mutating(KubeVirt.Migrations, MigrationRules.Complete) with { Versions = AllVersions, Operations = [AdmissionOperation.Create] },
        Validating(KubeVirt.VirtualMachines, MachineRules.Check) with { Versions = AllVersions, IsRequired = true },
        Validating(KubeVirt.Instances, InstanceRules.Check) with { Versions = AllVersions, IsRequired = true },
        Validating(KubeVirt.Migrations, new MigrationRules(client).CheckAsync) with { Versions = AllVersions, IsRequired = true },
        Validating(KubeVirt.Policies, PolicyRules.Check) with { IsRequired = true },
    ];

    /// <summary>A rule that needs only the object.</summary>
    public static AdmissionEndpoint Validating<T>(ResourceKind<T> kind, Func<Proposal<T>, Verdict> rule)
        where T : KubernetesObject => Validating(kind, (proposal, _) => Task.FromResult(rule(proposal)));

    /// <summary>A rule that looks at the cluster.</summary>
    public static AdmissionEndpoint Validating<T>(ResourceKind<T> kind, Func<Proposal<T>, CancellationToken, Task<Verdict>> rule)
        where T : KubernetesObject =>
        new("/admit/" + kind.Plural, IsMutating: false, async (request, ct) => Answer(request, await rule(Read(request, kind), ct)))
        {
            Group = kind.Group,
            Versions = [kind.Version],
            Resource = kind.Plural,
            IsNamespaced = kind.Namespaced,
        };

    /// <summary>Fills in what the object leaves out.</summary>
    public static AdmissionEndpoint Mutating<T>(ResourceKind<T> kind, Func<Proposal<T>, T> defaults)
        where T : KubernetesObject =>
        new("/default/" + kind.Plural, IsMutating: true, (request, _) => Task.FromResult(Defaulted(request, kind, defaults)))
        {
            Group = kind.Group,
            Versions = [kind.Version],
            Resource = kind.Plural,
            IsNamespaced = kind.Namespaced,
        };

    private static Proposal<T> Read<T>(AdmissionRequest request, ResourceKind<T> kind)
        where T : KubernetesObject
    {
        var before = Read(request.OldObject, kind);
        var now = Read(request.Object, kind) ?? before ?? throw new JsonException("request.object: required");
        return new Proposal<T>(request, now, before);
    }

    private static T? Read<T>(JsonElement? json, ResourceKind<T> kind)
        where T : KubernetesObject =>
        json is { ValueKind: JsonValueKind.Object } given ? kind.Typed(given.Deserialize(kind.Json)!) : null;

    private static AdmissionResponse Answer(AdmissionRequest request, Verdict verdict) => new()
    {
        Uid = request.Uid,
        Allowed = verdict.IsAllowed,
        Warnings = verdict.Warnings.Count == 0 ? null : verdict.Warnings,
        Status = verdict.IsAllowed ? null : AdmissionStatus.Of(request, verdict),
    };

    // Spec and metadata are replaced whole: only what the records change is in them, everything else is as it was.
    private static AdmissionResponse Defaulted<T>(AdmissionRequest request, ResourceKind<T> kind, Func<Proposal<T>, T> defaults)
        where T : KubernetesObject
    {
        var proposal = Read(request, kind);
        var (before, after) = (kind.ToNode(proposal.Object), kind.ToNode(defaults(proposal)));
        var patch = new JsonArray();
        foreach (var part in new[] { "metadata", "spec" })
        {
            if (!JsonNode.DeepEquals(before[part], after[part]))
                patch.Add(new JsonObject { ["op"] = "add", ["path"] = "/" + part, ["value"] = after[part]?.DeepClone() });
        }
        var answer = new AdmissionResponse { Uid = request.Uid, Allowed = true };
        return patch.Count == 0 ? answer : answer with { PatchType = "JSONPatch", Patch = System.Text.Encoding.UTF8.GetBytes(patch.ToJsonString()) };
    }
}
