using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;
using Migration.Node.State;

namespace Migration.Node.Machines;

/// <summary>All machines of this node: who is planned, who waits for a plan, and what watchers are told.</summary>
internal sealed class MachineRoom : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Machine> _machines = new();
    private readonly Feed<MachineChange> _changes = new();
    private readonly RecordFolder<MachineRecord> _records;
    private readonly Attachments _attachments;
    private readonly PodNetworks _networks;
    private readonly HostProbe _probe;
    private readonly Lock _gate = new(); // protects the making of machines, and _planned
    private TaskCompletionSource _planned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _version;

    public MachineRoom(NodeOptions options, StateDirectory state, Attachments attachments, PodNetworks networks, HostProbe probe, TimeProvider time, ILogger<MachineRoom> log)
    {
        (KubeletRoot, Qemu, Time, Log) = (options.KubeletRoot, options.Qemu, time, log);
        (_attachments, _networks, _probe, Network) = (attachments, networks, probe, new PodNetwork(attachments, networks));
        _records = new(state.Folder("machines"), NodeJson.Default.MachineRecord, log);
        // Versions grow across restarts: a watcher of the old process must not take the new one's news for old.
        _version = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << 10;
        attachments.Changed += OnAttachmentChanged;
        networks.Changed += OnAttachmentChanged;
    }

    public string KubeletRoot { get; }

    public string Qemu { get; }

    public TimeProvider Time { get; }

    public ILogger Log { get; }

    /// <summary>Takes up every machine that a former process left.</summary>
    public void Recover()
    {
        foreach (var (id, record) in _records.Load())
        {
            // Whether its guest does run here will be seen.
            _attachments.GuestRuns(record.Plan.Pod.Uid, false);
            _machines[id] = new Machine(record, this);
            _attachments.Settle(record.Plan);
        }
    }

    /// <summary>Lets the owners work; after the migrations have claimed what is theirs.</summary>
    public void Start()
    {
        foreach (var machine in _machines.Values)
            machine.Start();
    }

    public Machine Get(string id) => Find(id) ?? throw new RefusedException(Refusal.Missing, $"machine {id} is not on this node");

    public Machine? Find(string id) => _machines.GetValueOrDefault(id);

    public IReadOnlyList<MachineSnapshot> List() => [.. _machines.Values.Select(machine => machine.Snapshot).OrderBy(machine => machine.Record.Plan.Id, StringComparer.Ordinal)];

    public Feed<MachineChange>.Listening Watch(out IReadOnlyList<MachineSnapshot> now) => _changes.Listen(List, out now);

    public MachineSnapshot Ensure(MachinePlan plan)
    {
        lock (_gate)
        {
            if (_machines.TryGetValue(plan.Id, out var known))
            {
                known.Change(record => Replan.Of(record, plan));
                return known.Snapshot;
            }

            var record = new MachineRecord { Plan = plan, Paused = plan.Paused };
            Save(record);
            _attachments.GuestRuns(plan.Pod.Uid, false);
            var machine = new Machine(record, this);
            _machines[plan.Id] = machine;
            _attachments.Settle(plan);
            _changes.Publish(() => new MachineChange(machine.Snapshot, Deleted: false));
            machine.Start();
            _planned.TrySetResult();
            _planned = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return machine.Snapshot;
        }
    }

    public void Delete(string id, TimeSpan? grace)
    {
        if (Find(id) is not { } machine)
            return;
        machine.Change(record => record.Deletion is { } earlier && (grace is null || earlier.GracePeriod <= grace)
            ? record
            : record with { Deletion = new(grace ?? record.Plan.GracePeriod, record.Deletion?.Since ?? Time.GetUtcNow()) });
    }

    /// <summary>The plan for a pod, if it is here.</summary>
    public MachinePlan? PlanOf(string podUid) =>
        _machines.Values.Select(machine => machine.Snapshot.Record.Plan).FirstOrDefault(plan => plan.Pod.Uid == podUid);

    /// <summary>The plan for a pod, waiting a bounded time for the controllers to bring it.</summary>
    public async Task<MachinePlan?> WaitForPlanAsync(string podUid, TimeSpan patience, CancellationToken ct)
    {
        using var late = new CancellationTokenSource(patience, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, ct);
        while (true)
        {
            Task planned;
            lock (_gate)
                planned = _planned.Task;
            if (PlanOf(podUid) is { } plan)
                return plan;
            try
            {
                await planned.WaitAsync(either.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _attachments.Changed -= OnAttachmentChanged;
        _networks.Changed -= OnAttachmentChanged;
        _changes.Close(new RefusedException(Refusal.Later, "the node stops"));
        foreach (var machine in _machines.Values)
            await machine.DisposeAsync();
    }

    internal ulong NextVersion() => Interlocked.Increment(ref _version);

    internal Task<HostCapabilities> CapabilitiesAsync(CancellationToken ct) => _probe.AskAsync(ct);

    internal PodNetwork Network { get; }

    internal string NetworkStatusOf(MachinePlan plan) => _networks.StatusOf(plan.Pod.Uid);

    internal void Save(MachineRecord record) => _records.Save(record.Plan.Id, record);

    /// <summary>Completes what the guest is told by how its pod resolves names.</summary>
    internal void Resolve(MachinePlan plan, string resolverConfiguration)
    {
        if (resolverConfiguration.Length > 0)
            _attachments.Resolve(plan.Pod.Uid, ResolverConfiguration.Parse(resolverConfiguration));
    }

    internal void Publish(Func<MachineSnapshot> change) => _changes.Publish(() =>
    {
        var machine = change();
        _attachments.GuestRuns(machine.Record.Plan.Pod.Uid, machine.Phase is MachinePhase.Running);
        return new MachineChange(machine, Deleted: false);
    });

    internal void Forget(Machine machine)
    {
        Network.Forget(machine.Snapshot.Record.Plan);
        lock (_gate)
        {
            _records.Delete(machine.Id);
            _machines.TryRemove(KeyValuePair.Create(machine.Id, machine));
            _attachments.GuestRuns(machine.Snapshot.Record.Plan.Pod.Uid, true);
            _changes.Publish(() => new MachineChange(machine.Snapshot with { Version = NextVersion() }, Deleted: true));
        }

        Node.Log.MachineForgotten(Log, machine.Id);
    }

    private void OnAttachmentChanged(string podUid)
    {
        foreach (var machine in _machines.Values)
        {
            if (machine.Snapshot.Record.Plan.Pod.Uid == podUid)
                machine.Wake();
        }
    }
}
