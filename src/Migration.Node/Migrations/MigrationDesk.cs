using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Migration.Node.DataPlane;
using Migration.Node.Machines;
using Migration.Node.Networks;
using Migration.Node.State;
using AnchorStep = Migration.Protos.AnchorStep;

namespace Migration.Node.Migrations;

/// <summary>All migrations that this node is part of, as source or as target.</summary>
internal sealed class MigrationDesk : IAsyncDisposable
{
    private const int TokenBytes = 32;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, MigrationEntry> _entries = new();
    private readonly RecordFolder<OutgoingRecord> _outgoing;
    private readonly RecordFolder<IncomingRecord> _incoming;
    private readonly MachineRoom _machines;
    private readonly NodeOptions _options;
    private readonly NodeIdentity? _identity;
    private readonly OutgoingLimits _limits = new();
    private readonly Lock _gate = new(); // protects the making of entries
    private ulong _version;

    public MigrationDesk(NodeOptions options, StateDirectory state, MachineRoom machines, NodeIdentity? identity, Attachments attachments, Announcer announcer, NodeMetrics metrics, TimeProvider time, ILoggerFactory logs)
    {
        (_options, _machines, _identity, Attachments, Announcer, Metrics, Time) = (options, machines, identity, attachments, announcer, metrics, time);
        Log = logs.CreateLogger<MigrationDesk>();
        _outgoing = new(state.Folder("outgoing"), NodeJson.Default.OutgoingRecord, Log);
        _incoming = new(state.Folder("incoming"), NodeJson.Default.IncomingRecord, Log);
        _version = (ulong)time.GetUtcNow().ToUnixTimeMilliseconds() << 10;
        Peers = new PeerNodes(identity, time);
        Dialer = new DataDialer(identity);
        if (options.DataListen is { } endpoint)
            Listener = new DataListener(endpoint, identity, metrics, logs.CreateLogger<DataListener>());
    }

    public ILogger Log { get; }

    public TimeProvider Time { get; }

    public PeerNodes Peers { get; }

    public DataDialer Dialer { get; }

    /// <summary>Null on a node without a data address: it takes part in no migration as a target.</summary>
    public DataListener? Listener { get; }

    public Attachments Attachments { get; }

    public Announcer Announcer { get; }

    /// <summary>Where an address that is kept here is found by other nodes; null if other nodes cannot reach this one.</summary>
    public (string Node, string Address, string Control)? Home => _options is { DataListen: { } data, Listen: { } control }
        ? (_options.Name, data.Address.ToString(), control.ToString())
        : null;

    public NodeMetrics Metrics { get; }

    /// <summary>Takes up every migration that a former process left.</summary>
    public void Recover()
    {
        foreach (var (id, record) in _outgoing.Load())
            TakeUp(id, record, machine => new OutgoingMigration(record, machine, this, _limits));
        foreach (var (id, record) in _incoming.Load())
            TakeUp(id, record, machine => new IncomingMigration(record, machine, this));
    }

    public void Start()
    {
        foreach (var entry in _entries.Values)
            entry.Start();
    }

    /// <summary>The NICs of a machine as the other node would describe them.</summary>
    public IReadOnlyList<string>? LayoutOf(string machineId) => _machines.Find(machineId)?.Snapshot is { } machine ? Layout.Describe(machine.Record, machine.Interfaces) : null;

    public IReadOnlyList<MigrationSnapshot> List() => [.. _entries.Values.Select(entry => entry.Snapshot)];

    public MigrationEntry Get(string id) => Find(id) ?? throw new RefusedException(Refusal.Missing, $"migration {id} is not known on this node");

    public async Task<(IncomingRecord Record, IPEndPoint Data, IPEndPoint Control)> PrepareAsync(IncomingRecord request, CancellationToken ct)
    {
        if (Listener is null || _options.Listen is null)
            throw new RefusedException(Refusal.NotNow, "this node has no data address (--data-listen): it cannot be a target");
        if (request.Encrypted && _identity is null)
            throw new RefusedException(Refusal.NotNow, "this node has no certificates: only an unencrypted migration is possible, and it was not allowed");
        var entry = Expect(request);
        await entry.ListenAsync(ct);
        return (entry.Record, Listener.Endpoint, _options.Listen);
    }

    public MigrationSnapshot StartOutgoing(OutgoingRecord request)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(request.Id, out var known))
                return known is OutgoingMigration ? known.Snapshot : throw new RefusedException(Refusal.NotNow, $"migration {request.Id} has this node for its target");
            var machine = _machines.Get(request.MachineId);
            if (machine.Snapshot is not { Phase: MachinePhase.Running, Record: { Deletion: null, Moved: false } })
                throw new RefusedException(Refusal.NotNow, $"machine {request.MachineId} does not run here: it is {machine.Snapshot.Phase}");
            machine.ClaimSettled(request.Id);
            Save(request);
            var entry = new OutgoingMigration(request, machine, this, _limits);
            _entries[request.Id] = entry;
            entry.Start();
            return entry.Snapshot;
        }
    }

    public void Cancel(string id, string reason, bool targetFenced = false)
    {
        if (Find(id) is OutgoingMigration outgoing)
            outgoing.Cancel(reason, targetFenced);
        else if (Find(id) is IncomingMigration incoming)
            incoming.Cancel(reason);
    }

    public async Task ReleaseAsync(string id)
    {
        if (Find(id) is not { } entry)
            return;
        if (!entry.Snapshot.Record.HasEnded)
            throw new RefusedException(Refusal.NotNow, $"migration {id} has not ended: cancel it first");
        // A verdict that the source has not heard is kept: it may still come and ask, and must not take "unknown" for an answer.
        if (entry is IncomingMigration { Record: { SourceInformed: false, HandedOver: true } } incoming)
            incoming.MarkReleased();
        else
            await ForgetAsync(entry);
    }

    /// <summary>The target's word for the source, after waiting a moment for a verdict that is about to fall.</summary>
    public async Task<IncomingRecord> QueryOutcomeAsync(string id, string? caller, bool handedOver, CancellationToken ct)
    {
        var entry = Incoming(id, caller);
        if (handedOver)
        {
            entry.HandedOver();
            await SettleAsync(entry, ct);
        }

        return await TellAsync(entry);
    }

    public async Task<IncomingRecord> AbortIncomingAsync(string id, string? caller, string reason, CancellationToken ct)
    {
        var entry = Incoming(id, caller);
        entry.Abort(reason, requested: false);
        await SettleAsync(entry, ct);
        return await TellAsync(entry);
    }

    /// <summary>Plugs the guest that arrives into the ways that its frames will come by.</summary>
    public string StretchIncoming(string id, string? caller, IEnumerable<(string Interface, Stretch Way)> stretches)
    {
        var entry = Incoming(id, caller);
        if (entry.Record is { HasEnded: true } or { Verdict: not Verdict.Pending })
            throw new RefusedException(Refusal.NotNow, $"migration {id} is decided: {entry.Record.Verdict}");
        if (Home is not (_, var here, _))
            throw new RefusedException(Refusal.NotNow, "this node has no data address (--data-listen)");
        var pod = _machines.Get(entry.Record.MachineId).Snapshot.Record.Plan.Pod.Uid;
        foreach (var (nic, way) in stretches)
        {
            var key = KeyOf(pod, nic);
            Attachments.Lead(key, bound => bound with { Stretch = way with { GuestNode = _options.Name, GuestAddress = here } });
            Attachments.Prime(key);
        }

        return here;
    }

    /// <summary>One step of the node that keeps an address, asked by the node that runs the guest.</summary>
    public void PointAnchor(string? caller, string nic, Stretch way, AnchorStep step)
    {
        var pod = _machines.Get(way.HomeMachine).Snapshot.Record.Plan.Pod.Uid;
        var key = KeyOf(pod, nic);
        var bound = Attachments.OfPod(pod).FirstOrDefault(one => one.Key == key)?.Bound;
        // Asked again after it was done: the guest's new node is already in the record.
        if (step is AnchorStep.Settle && bound?.Stretch?.Id == way.Id)
            return;
        // Only the node that runs a guest prepares its next move: that the last one is settled was not heard.
        if (step is AnchorStep.Prepare && bound is { Diverted: true, Next: { } next } && caller == next.GuestNode)
            Point(key, next, AnchorStep.Settle);
        else if (bound?.Stretch is not { Part: StretchPart.Home } kept || (caller is not null && caller != kept.GuestNode))
            throw new RefusedException(Refusal.Forbidden, $"node {caller} does not run the guest whose address machine {way.HomeMachine} keeps");
        Point(key, way, step);
    }

    /// <summary>One step with an address that is at home here.</summary>
    public void Point(AttachmentKey key, Stretch way, AnchorStep step)
    {
        switch (step)
        {
            case AnchorStep.Prepare:
                // A guest that moves on sooner than its network has learned where it is leaves what came after it behind.
                Attachments.Lead(key, bound => bound with { Stretch = bound.Stretch is { Passing: true } ? null : bound.Stretch, Next = way, Diverted = false });
                break;
            case AnchorStep.Switch:
                Attachments.Divert(key, static () => { });
                break;
            case AnchorStep.Settle:
                Attachments.Lead(key, bound => bound.Next is not { } next ? bound : bound with { Stretch = next.Passing ? bound.Stretch : next, Next = null, Diverted = false });
                break;
            case AnchorStep.Return:
                Attachments.Lead(key, bound => bound with { Next = null, Diverted = false });
                break;
            default:
                throw new RefusedException(Refusal.Malformed, $"step {step} is not known");
        }
    }

    /// <summary>The machine is to go: its migration is given up, if it can be.</summary>
    public void MachineDeleted(string machineId)
    {
        foreach (var entry in _entries.Values.Where(entry => entry.Snapshot.Record.MachineId == machineId && !entry.Snapshot.Record.HasEnded))
        {
            if (entry is IncomingMigration incoming)
                incoming.Abort("the target's machine was deleted", requested: true);
            else if (entry is OutgoingMigration { Snapshot.Record.Phase: MigrationPhase.Setup or MigrationPhase.Copying } outgoing)
                outgoing.Cancel("the machine was deleted");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var entry in _entries.Values)
            await entry.DisposeAsync();
        Listener?.Dispose();
        Peers.Dispose();
    }

    internal ulong NextVersion() => Interlocked.Increment(ref _version);

    internal void Save(MigrationRecord record)
    {
        if (record is OutgoingRecord outgoing)
            _outgoing.Save(record.Id, outgoing);
        else
            _incoming.Save(record.Id, (IncomingRecord)record);
    }

    private AttachmentKey KeyOf(string pod, string nic) =>
        Attachments.OfPod(pod).FirstOrDefault(attachment => attachment.Bound?.Name == nic)?.Key
            ?? throw new RefusedException(Refusal.Missing, $"pod {pod} has no interface {nic}");

    private MigrationEntry? Find(string id) => _entries.GetValueOrDefault(id) is { Snapshot.Record.Released: false } entry ? entry : null;

    private IncomingMigration Incoming(string id, string? caller)
    {
        if (_entries.GetValueOrDefault(id) is not IncomingMigration entry)
            throw new RefusedException(Refusal.Missing, $"migration {id} is not known on this node");
        if (caller is not null && caller != entry.Record.SourceNode)
            throw new RefusedException(Refusal.Forbidden, $"node {caller} is not the source of migration {id}");
        return entry;
    }

    private IncomingMigration Expect(IncomingRecord request)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(request.Id, out var known))
                return known as IncomingMigration ?? throw new RefusedException(Refusal.NotNow, $"migration {request.Id} has this node for its source");
            var machine = _machines.Get(request.MachineId);
            if (!machine.Snapshot.Record.Plan.Incoming)
                throw new RefusedException(Refusal.NotNow, $"machine {request.MachineId} is not planned as incoming");
            if (machine.Snapshot.Phase is not MachinePhase.Incoming || machine.Qmp is null)
                throw Unready(machine);
            machine.Claim(request.Id);
            var record = request with { Token = RandomNumberGenerator.GetBytes(TokenBytes), Started = Time.GetUtcNow() };
            Save(record);
            var entry = new IncomingMigration(record, machine, this);
            _entries[request.Id] = entry;
            entry.Start();
            return entry;
        }
    }

    private static RefusedException Unready(Machine machine) => machine.Snapshot.Phase is MachinePhase.Failed or MachinePhase.Stopped
        ? new(Refusal.NotNow, $"machine {machine.Id} has ended: {machine.Snapshot.Reason}")
        : new(Refusal.Later, $"machine {machine.Id}: QEMU is not waiting yet, it is {machine.Snapshot.Phase}");

    private void TakeUp(string id, MigrationRecord record, Func<Machine, MigrationEntry> make)
    {
        if (_machines.Find(record.MachineId) is not { } machine)
        {
            Forget(record);
            return;
        }

        if (!record.HasEnded)
            machine.Claim(id);
        _entries[id] = make(machine);
    }

    private async Task SettleAsync(IncomingMigration entry, CancellationToken ct)
    {
        try
        {
            await entry.Settled.WaitAsync(AnswerLimit, Time, ct);
        }
        catch (TimeoutException)
        {
            // Still pending: that is the answer, and the source asks again.
        }
    }

    private async Task<IncomingRecord> TellAsync(IncomingMigration entry)
    {
        var told = entry.Record;
        if (told.Verdict is Verdict.Pending)
            return told;
        if (told is { Released: true, HasEnded: true })
            await ForgetAsync(entry);
        else
            entry.SourceHeard();
        return told;
    }

    private async Task ForgetAsync(MigrationEntry entry)
    {
        _entries.TryRemove(KeyValuePair.Create(entry.Id, entry));
        Forget(entry.Snapshot.Record);
        await entry.DisposeAsync();
    }

    private void Forget(MigrationRecord record)
    {
        if (record is OutgoingRecord)
            _outgoing.Delete(record.Id);
        else
            _incoming.Delete(record.Id);
    }
}
