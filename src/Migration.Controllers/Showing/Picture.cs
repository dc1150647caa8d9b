using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Showing;

/// <summary>What the live page shows: everything at one moment.</summary>
public sealed record Picture(
    string Identity, bool Leads, IReadOnlyList<Picture.NodeCard> Nodes, IReadOnlyList<Picture.GuestRow> Guests, IReadOnlyList<Picture.MigrationRow> Migrations)
{
    /// <summary>So many of the migrations that ended are shown, the latest first.</summary>
    private const int History = 30;

    public sealed record NodeCard(string Name, bool Ready, bool Cordoned, string Address, int Guests, int Anchors);

    public sealed record GuestRow(string Namespace, string Name, string Phase, string Node, IReadOnlyList<string> Addresses, DateTimeOffset? Since);

    public sealed record MigrationRow(
        string Uid, string Namespace, string Name, string Instance, string Source, string Target, string Phase, MigrationJobProgress? Progress,
        string? Failure, DateTimeOffset? Started, DateTimeOffset? Ended, double? StoppedAt, IReadOnlyList<CopyPoint> Curve);

    public static Picture Of(ClusterView cluster, CopyCurves curves, string identity, bool leads)
    {
        var instances = cluster.Instances.Store.All();
        var anchors = cluster.Pods.Store.All().Where(pod => pod.Metadata.Label(Labels.Anchor) is not null).ToLookup(pod => pod.Spec?.NodeName ?? "");
        return new Picture(
            identity,
            leads,
            [.. cluster.Nodes.Store.All().OrderBy(node => node.Metadata.Name, StringComparer.Ordinal).Select(node => Card(node, instances, anchors))],
            [.. instances.OrderBy(instance => instance.Key.ToString(), StringComparer.Ordinal).Select(Row)],
            [.. Latest(cluster.Migrations.Store.All()).Select(migration => Row(migration, curves.Find(migration.Metadata.Uid ?? "")))]);
    }

    /// <summary>All that run or wait, and the last that ended.</summary>
    private static IEnumerable<VirtualMachineInstanceMigration> Latest(IReadOnlyList<VirtualMachineInstanceMigration> migrations)
    {
        var latest = migrations.OrderByDescending(migration => migration.Metadata.CreationTimestamp).ToList();
        return [.. latest.Where(migration => !migration.IsFinal), .. latest.Where(migration => migration.IsFinal).Take(History)];
    }

    private static NodeCard Card(Node node, IReadOnlyList<VirtualMachineInstance> instances, ILookup<string, Pod> anchors) => new(
        node.Metadata.Name ?? "",
        node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) ?? false,
        node.Spec?.Unschedulable ?? false,
        node.Status?.Addresses?.FirstOrDefault(address => address.Type == "InternalIP")?.Address ?? "",
        instances.Count(instance => instance.Status?.NodeName == node.Metadata.Name && instance.Status?.Phase == InstancePhase.Running),
        anchors[node.Metadata.Name ?? ""].Count());

    private static GuestRow Row(VirtualMachineInstance instance) => new(
        instance.Metadata.Namespace ?? "", instance.Metadata.Name ?? "", instance.Status?.Phase ?? "", instance.Status?.NodeName ?? "",
        [.. (instance.Status?.Interfaces ?? []).SelectMany(nic => nic.IpAddresses ?? (nic.IpAddress is { } only ? [only] : []))],
        instance.Metadata.CreationTimestamp);

    private static MigrationRow Row(VirtualMachineInstanceMigration migration, CopyCurve? curve)
    {
        var record = migration.Status?.MigrationState;
        return new MigrationRow(
            migration.Metadata.Uid ?? "", migration.Metadata.Namespace ?? "", migration.Metadata.Name ?? "", migration.Spec.VmiName ?? "",
            record?.SourceNode ?? "", record?.TargetNode ?? "", migration.Status?.Phase ?? "", migration.Status?.Progress, record?.FailureReason,
            record?.StartTimestamp ?? migration.Metadata.CreationTimestamp, record?.EndTimestamp, curve?.StoppedAt, curve?.Points() ?? []);
    }
}
