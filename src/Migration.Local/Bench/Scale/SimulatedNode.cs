using System.Net;
using System.Threading.Channels;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Migration.Protos;

namespace Migration.Local.Bench.Scale;

/// <summary>One node: machines and migrations that change by the clock, and whoever watches them.</summary>
internal sealed class SimulatedNode(string name, IPAddress address, TimeProvider time, Func<string, SimulatedNode> peers)
{
    private static readonly TimeSpan Boot = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Prepare = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Pass = TimeSpan.FromMilliseconds(100);
    private const int Passes = 4;

    private readonly Lock _gate = new(); // protects everything below
    private readonly Dictionary<string, Machine> _machines = [];
    private readonly Dictionary<string, MigrationState> _migrations = [];
    private readonly HashSet<string> _outgoing = [];
    private readonly List<Channel<WatchMachinesResponse>> _machineWatchers = [];
    private readonly Dictionary<string, List<Channel<MigrationState>>> _migrationWatchers = [];
    private ulong _version;

    public string Name => name;

    public IPAddress Address => address;

    public Machine Ensure(MachinePlan plan)
    {
        lock (_gate)
        {
            if (_machines.TryGetValue(plan.Id, out var known))
                return known;
            var machine = new Machine
            {
                Id = plan.Id,
                Plan = plan,
                Phase = MachinePhase.Planned,
                MachineType = plan.MachineType is { Length: > 0 } type ? type : "pc-q35-7.2",
                CpuModel = plan.CpuModel is { Length: > 0 } model ? model : "qemu64",
                Accelerator = Accelerator.Tcg,
                Interfaces = { plan.Interfaces.Select(Bound) },
            };
            ChangeLocked(machine);
        }
        _ = plan.Incoming ? AfterAsync(Prepare, () => Become(plan.Id, MachinePhase.Incoming)) : AfterAsync(Boot, () => Become(plan.Id, MachinePhase.Running));
        return Find(plan.Id);
    }

    public Machine Find(string id)
    {
        lock (_gate)
            return _machines.GetValueOrDefault(id) ?? throw new RpcException(new Status(StatusCode.NotFound, $"machine {id} is not on {name}"));
    }

    public IReadOnlyList<Machine> List()
    {
        lock (_gate)
            return [.. _machines.Values];
    }

    public void Delete(string id)
    {
        lock (_gate)
        {
            if (!_machines.Remove(id, out var machine))
                return;
            foreach (var watcher in _machineWatchers)
                watcher.Writer.TryWrite(new WatchMachinesResponse { Machine = machine, Deleted = true });
        }
    }

    public ChannelReader<WatchMachinesResponse> WatchMachines()
    {
        var changes = Channel.CreateUnbounded<WatchMachinesResponse>();
        lock (_gate)
        {
            foreach (var machine in _machines.Values)
                changes.Writer.TryWrite(new WatchMachinesResponse { Machine = machine });
            changes.Writer.TryWrite(new WatchMachinesResponse { Synced = true });
            _machineWatchers.Add(changes);
        }
        return changes.Reader;
    }

    public void PrepareIncoming(string migration, string machine)
    {
        if (Find(machine).Phase != MachinePhase.Incoming)
            throw new RpcException(new Status(StatusCode.Unavailable, $"machine {machine} does not wait for a guest"));
        lock (_gate)
        {
            if (!_migrations.ContainsKey(migration))
                ChangeLocked(new MigrationState { Id = migration, MachineId = machine, Role = MigrationRole.Target, Phase = MigrationPhase.Setup });
        }
    }

    public MigrationState Start(string migration, string machine, string target)
    {
        _ = Find(machine);
        lock (_gate)
        {
            if (!_outgoing.Add(migration))
                return _migrations[migration];
            ChangeLocked(new MigrationState
            {
                Id = migration, MachineId = machine, Role = MigrationRole.Source, Phase = MigrationPhase.Copying, Encrypted = true, Started = Now(),
                Progress = new MigrationProgress { TotalBytes = 1 << 30, RemainingBytes = 1 << 30 },
            });
        }
        _ = CopyAsync(migration, machine, peers(target));
        return FindMigration(migration);
    }

    public MigrationState FindMigration(string id)
    {
        lock (_gate)
            return _migrations.GetValueOrDefault(id) ?? throw new RpcException(new Status(StatusCode.NotFound, $"migration {id} is not known on {name}"));
    }

    public ChannelReader<MigrationState> WatchMigration(string id)
    {
        var changes = Channel.CreateUnbounded<MigrationState>();
        lock (_gate)
        {
            changes.Writer.TryWrite(FindMigration(id));
            if (!_migrationWatchers.TryGetValue(id, out var watchers))
                _migrationWatchers[id] = watchers = [];
            watchers.Add(changes);
        }
        return changes.Reader;
    }

    public void Release(string migration)
    {
        lock (_gate)
        {
            _migrations.Remove(migration);
            _migrationWatchers.Remove(migration);
        }
    }

    private async Task CopyAsync(string migration, string machine, SimulatedNode target)
    {
        const ulong total = 1 << 30;
        for (var pass = 1; pass <= Passes; pass++)
        {
            await Task.Delay(Pass, time);
            var copied = total / Passes * (ulong)pass;
            Change(migration, state => state.Progress = new MigrationProgress
            {
                TotalBytes = total, TransferredBytes = copied, RemainingBytes = total - copied, Percent = (uint)(100 * pass / Passes),
                BytesPerSecond = total / Passes / Pass.TotalSeconds, DirtyBytesPerSecond = 1 << 20, Iteration = (uint)pass,
            });
        }
        Become(machine, MachinePhase.Moved);
        target.Arrive(migration);
        Change(migration, state => (state.Phase, state.Ended, state.Downtime, state.TotalTime) =
            (MigrationPhase.Succeeded, Now(), Duration.FromTimeSpan(TimeSpan.FromMilliseconds(6)), Duration.FromTimeSpan(Pass * Passes)));
    }

    private void Arrive(string migration)
    {
        Become(FindMigration(migration).MachineId, MachinePhase.Running);
        Change(migration, state => state.Phase = MigrationPhase.Succeeded);
    }

    private async Task AfterAsync(TimeSpan delay, Action act)
    {
        await Task.Delay(delay, time);
        act();
    }

    private void Become(string id, MachinePhase phase)
    {
        lock (_gate)
        {
            if (!_machines.TryGetValue(id, out var machine))
                return;
            var next = machine.Clone();
            next.Phase = phase;
            ChangeLocked(next);
        }
    }

    private void Change(string id, Action<MigrationState> change)
    {
        lock (_gate)
        {
            if (!_migrations.TryGetValue(id, out var state))
                return;
            var next = state.Clone();
            change(next);
            ChangeLocked(next);
        }
    }

    private void ChangeLocked(Machine machine)
    {
        machine.Version = ++_version;
        _machines[machine.Id] = machine;
        foreach (var watcher in _machineWatchers)
            watcher.Writer.TryWrite(new WatchMachinesResponse { Machine = machine });
    }

    private void ChangeLocked(MigrationState state)
    {
        state.Version = ++_version;
        _migrations[state.Id] = state;
        foreach (var watcher in _migrationWatchers.GetValueOrDefault(state.Id) ?? [])
            watcher.Writer.TryWrite(state);
    }

    private Timestamp Now() => Timestamp.FromDateTimeOffset(time.GetUtcNow());

    private static InterfaceStatus Bound(Interface nic)
    {
        var mac = nic.Mac is { Length: > 0 } asked ? asked : "02:00:00:00:00:07";
        return new InterfaceStatus
        {
            Name = nic.Name, PodInterface = nic.PodInterface, Mac = mac, Binding = nic.Binding, Queues = Math.Max(1, nic.Queues), LinkState = LinkState.Up, Plugged = true,
            Lease = nic.Lease ?? new Lease { Mac = mac, Addresses = { "10.244.1.7/24" }, Gateway = "10.244.1.1" }, Leased = true,
        };
    }
}
