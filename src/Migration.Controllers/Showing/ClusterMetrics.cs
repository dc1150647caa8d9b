using System.Diagnostics.Metrics;
using Migration.Api;

namespace Migration.Controllers.Showing;

/// <summary>
/// What the objects say, as gauges under KubeVirt's names, so that its dashboards and alerts go on working. They are read from the view
/// at each scrape: every replica shows the same.
/// </summary>
public sealed class ClusterMetrics : IDisposable
{
    private readonly Meter _meter = new("Migration.Controllers");
    private readonly ClusterView _cluster;

    public ClusterMetrics(ClusterView cluster)
    {
        _cluster = cluster;
        CountPhases();
        ShowMigrations();
        _meter.CreateObservableGauge("kubevirt_vmi_phase_count", Instances, description: "Instances by phase and node");
        _meter.CreateObservableGauge("migration_anchors", Anchors, description: "Pods that keep the address of a guest that runs elsewhere, by node");
    }

    public void Dispose() => _meter.Dispose();

    private void CountPhases()
    {
        Count("unset", phase => phase is null or "");
        Count("pending", phase => phase == MigrationJobPhase.Pending);
        Count("scheduling", phase => phase is MigrationJobPhase.Scheduling or MigrationJobPhase.Scheduled or MigrationJobPhase.PreparingTarget or MigrationJobPhase.TargetReady);
        Count("running", phase => phase == MigrationJobPhase.Running);

        void Count(string name, Func<string?, bool> isIn) => _meter.CreateObservableGauge(
            $"kubevirt_vmi_migrations_in_{name}_phase", () => Migrations().Count(migration => isIn(migration.Status?.Phase)), description: $"Migrations whose phase is {name}");
    }

    private void ShowMigrations()
    {
        Show("succeeded", "1 for each migration that succeeded, 0 for the others that ended", migration => migration.IsFinal ? Flag(migration, MigrationJobPhase.Succeeded) : null);
        Show("failed", "1 for each migration that failed, 0 for the others that ended", migration => migration.IsFinal ? Flag(migration, MigrationJobPhase.Failed) : null);
        Show("start_time_seconds", "When the copy began", migration => Seconds(migration.Status?.MigrationState?.StartTimestamp));
        Show("end_time_seconds", "When the migration ended", migration => Seconds(migration.Status?.MigrationState?.EndTimestamp));
        Show("data_bytes_total", "Guest memory to be copied", migration => migration.Status?.Progress?.TotalBytes);
        Show("data_processed_bytes", "Guest memory copied", migration => migration.Status?.Progress?.TransferredBytes);
        Show("data_remaining_bytes", "Guest memory still to be copied", migration => migration.Status?.Progress?.RemainingBytes);
        Show("dirty_memory_rate_bytes", "How fast the guest writes memory, in bytes per second", migration => migration.Status?.Progress?.DirtyBytesPerSecond);
        Show("memory_transfer_rate_bytes", "How fast memory is copied, in bytes per second", migration => migration.Status?.Progress?.BytesPerSecond);
        Show("downtime_seconds", "How long the guest stood still", migration => GoDuration.TryParse(migration.Status?.Progress?.Downtime ?? "", out var downtime) ? downtime.TotalSeconds : null);

        void Show(string name, string description, Func<VirtualMachineInstanceMigration, double?> value) => _meter.CreateObservableGauge(
            $"kubevirt_vmi_migration_{name}",
            () => Migrations().Select(migration => (migration, value: value(migration))).Where(shown => shown.value is not null)
                .Select(shown => new Measurement<double>(shown.value!.Value, Labels(shown.migration))),
            description: description);
    }

    private IReadOnlyList<VirtualMachineInstanceMigration> Migrations() => _cluster.Migrations.Store.All();

    private IEnumerable<Measurement<int>> Instances() => _cluster.Instances.Store.All()
        .GroupBy(instance => (Phase: instance.Status?.Phase ?? "", Node: instance.Status?.NodeName ?? ""))
        .Select(group => new Measurement<int>(group.Count(), new("phase", group.Key.Phase), new("node", group.Key.Node)));

    private IEnumerable<Measurement<int>> Anchors() => _cluster.Pods.Store.All()
        .Where(pod => pod.Metadata.Label(Api.Labels.Anchor) is not null)
        .GroupBy(pod => pod.Spec?.NodeName ?? "")
        .Select(group => new Measurement<int>(group.Count(), new KeyValuePair<string, object?>("node", group.Key)));

    private static double Flag(VirtualMachineInstanceMigration migration, string phase) => migration.Status?.Phase == phase ? 1 : 0;

    private static double? Seconds(DateTimeOffset? time) => time?.ToUnixTimeSeconds();

    private static KeyValuePair<string, object?>[] Labels(VirtualMachineInstanceMigration migration) =>
        [new("namespace", migration.Metadata.Namespace), new("vmi", migration.Spec?.VmiName), new("vmim", migration.Metadata.Name)];
}
