using System.Diagnostics.Metrics;
using Migration.Node.Machines;
using Migration.Node.Migrations;
using Migration.Node.Networks;

namespace Migration.Node;

/// <summary>What the node counts, as meter <c>Migration.Node</c>.</summary>
internal sealed class NodeMetrics : IDisposable
{
    private readonly Meter _meter = new("Migration.Node");
    private readonly Counter<long> _dataConnectionsRefused;
    private readonly Counter<long> _migrationsEnded;
    private readonly Counter<long> _dhcpReplies;
    private readonly Counter<long> _dhcpDropped;
    private readonly Histogram<double> _downtime;
    private readonly Histogram<double> _calls;
    private long _refused;

    public NodeMetrics()
    {
        _dataConnectionsRefused = _meter.CreateCounter<long>("migration.data.refused", description: "Data connections closed before they reached a QEMU");
        _migrationsEnded = _meter.CreateCounter<long>("migration.ended", description: "Migrations by role and final phase");
        _dhcpReplies = _meter.CreateCounter<long>("migration.dhcp.replies", description: "DHCP messages answered to guests");
        _dhcpDropped = _meter.CreateCounter<long>("migration.dhcp.dropped", description: "Frames at the DHCP responder that were no answerable request");
        _calls = _meter.CreateHistogram<double>("migration.grpc.duration", unit: "s", description: "Time of a call to this node, by method and status; watches last as long as they are watched");
        _downtime = _meter.CreateHistogram<double>("migration.downtime", unit: "s", description: "STOP on the source to RESUME on the target");
    }

    public long DataConnectionsRefused => Interlocked.Read(ref _refused);

    public void DataConnectionRefused()
    {
        Interlocked.Increment(ref _refused);
        _dataConnectionsRefused.Add(1);
    }

    public void MigrationEnded(string role, string phase) => _migrationsEnded.Add(1, new("role", role), new("phase", phase));

    public void DhcpAnswered() => _dhcpReplies.Add(1);

    public void DhcpIgnored() => _dhcpDropped.Add(1);

    public void Downtime(TimeSpan downtime) => _downtime.Record(downtime.TotalSeconds);

    /// <summary>What there is now, asked at each reading.</summary>
    public void Show(MachineRoom machines, MigrationDesk migrations, Attachments attachments)
    {
        Count("migration.machines", "Machines of this node, by phase", () => machines.List().CountBy(machine => machine.Phase), "phase");
        Count("migration.migrations", "Migrations that this node knows, by phase", () => migrations.List().CountBy(migration => migration.Record.Phase), "phase");
        Count("migration.nics", "Bound NICs of pods, by binding", () => attachments.List().Where(nic => nic.Bound is not null).CountBy(nic => nic.Bound!.Binding), "binding");
        _meter.CreateObservableGauge("migration.anchors", () => machines.List().Count(machine => machine.Record.Anchor), description: "Pods that keep the address of a guest that runs elsewhere");
    }

    public void Called(string method, string code, TimeSpan took) => _calls.Record(took.TotalSeconds, new("method", method), new("code", code));

    private void Count<T>(string name, string description, Func<IEnumerable<KeyValuePair<T, int>>> count, string label) => _meter.CreateObservableGauge(
        name, () => count().Select(group => new Measurement<int>(group.Value, new KeyValuePair<string, object?>(label, group.Key))), description: description);

    public void Dispose() => _meter.Dispose();
}
