using System.Net.Sockets;
using Migration.Linux;
using Migration.Node.DataPlane;
using Migration.Node.Machines;
using Migration.Node.Networks;
using Migration.Qemu;

namespace Migration.Node.Migrations;

/// <summary>The target's side of a migration: performs what <see cref="IncomingStep.Next"/> decides.</summary>
internal sealed class IncomingMigration : MigrationEntry
{
    // As long as a guest needs to see it.
    private static readonly TimeSpan LinkDown = TimeSpan.FromSeconds(1);
    private readonly Machine _machine;
    private readonly QemuWatch _qemu;
    private readonly Expectation _expectation;
    private readonly List<Pump> _pumps = [];
    private readonly List<Task> _watching = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _preparing = new(1, 1);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _receiving = Task.CompletedTask;
    private volatile bool _connected;
    private volatile string? _broken;
    private long _brokenAt;
    private bool _listening;
    private string _error = "";

    public IncomingMigration(IncomingRecord record, Machine machine, MigrationDesk desk)
        : base(record, desk)
    {
        _machine = machine;
        _qemu = new QemuWatch(machine, Wakeup, desk.Time);
        _expectation = new Expectation(record.Id, record.SourceNode, record.Token, record.Encrypted, SourcePath.Connections(record.Channels));
        if (record.HasEnded || record.Verdict is not Verdict.Pending)
            _settled.TrySetResult();
        if (record.HasEnded)
            return;
        desk.Listener?.Expect(_expectation);
        _receiving = ReceiveAsync(_stop.Token);
    }

    public IncomingRecord Record => (IncomingRecord)Snapshot.Record;

    /// <summary>Completes when the verdict is on disk and, if it is "activated", the guest was started.</summary>
    public Task Settled => _settled.Task;

    protected override string Role => "target";

    private string SocketName => $"in-{Id}.sock";

    /// <summary>Has QEMU listen; done again after a restart, it finds it done.</summary>
    public async Task ListenAsync(CancellationToken ct)
    {
        await _preparing.WaitAsync(ct);
        try
        {
            if (_listening || Record.HasEnded || Record.Verdict is not Verdict.Pending)
                return;
            if (!await _qemu.FollowAsync())
                throw new RefusedException(Refusal.Later, $"machine {Record.MachineId}: QEMU is not waiting yet");
            if ((await _qemu.Session.QueryMigrateAsync(ct)).Status is MigrationStatus.None)
            {
                await MigrationSetup.PrepareTargetAsync(_qemu.Session, new CopySettings { Channels = Record.Channels }, ct);
                if (Record.Encrypted)
                    await _qemu.Session.MigrateIncomingAsync($"unix:{PodFolder.SocketInside(SocketName)}", ct);
            }

            _listening = true;
        }
        finally
        {
            _preparing.Release();
        }
    }

    public void HandedOver()
    {
        Change<IncomingRecord>(record => record.HandedOver ? record : record with { HandedOver = true });
        Wakeup.Set();
    }

    /// <summary>Asks for it to be given up; whether it is, is decided by the loop.</summary>
    public void Abort(string reason, bool requested)
    {
        Change<IncomingRecord>(record => record.HasEnded || record.Verdict is not Verdict.Pending || record.AbortReason is not null
            ? record
            : record with { AbortReason = reason.Length > 0 ? reason : "given up by the source", AbortRequested = requested });
        Wakeup.Set();
    }

    /// <exception cref="RefusedException">The guest is loaded here: only the source may give it up now.</exception>
    public void Cancel(string reason)
    {
        if (Record.HasEnded)
            return;
        if (Record.Phase is MigrationPhase.Switching || Record.HandedOver || Record.Verdict is Verdict.Activated)
            throw new RefusedException(Refusal.NotNow, $"migration {Id} is past the switch-over");
        Abort(reason.Length > 0 ? reason : "cancelled on request", requested: true);
    }

    public void SourceHeard() => Change<IncomingRecord>(record => record.SourceInformed ? record : record with { SourceInformed = true });

    public void MarkReleased() => Change<IncomingRecord>(record => record with { Released = true });

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await CloseAsync();
    }

    protected override async Task<TimeSpan> StepAsync(CancellationToken ct)
    {
        IncomingStep? step = null;
        try
        {
            step = IncomingStep.Next(Record, await ObserveAsync(ct));
            Log.MigrationStep(Logger, Id, Role, step.GetType().Name);
            return await PerformAsync(step, ct);
        }
        catch (Exception failure) when (failure is QmpException or IOException or RefusedException)
        {
            if (step is not null)
                Log.MigrationStepFailed(Logger, Id, Role, step.GetType().Name, failure.Message);
            return Retry;
        }
    }

    protected override async Task CleanUpAsync(CancellationToken ct)
    {
        await CloseAsync();
        _machine.Release(Id);
        Desk.Metrics.MigrationEnded(Role, Record.Phase.ToString());
    }

    private async Task<IncomingObservation> ObserveAsync(CancellationToken ct)
    {
        // Before QEMU is asked: a connection that ends because QEMU is done must not look like one that was lost.
        var broken = _broken;
        var (copy, guest) = await LookAsync(ct);
        _qemu.Enter(copy);
        return new IncomingObservation
        {
            Copy = copy,
            Guest = guest,
            Connected = _connected,
            Broken = broken,
            BrokenFor = broken is null ? TimeSpan.Zero : Desk.Time.GetElapsedTime(Interlocked.Read(ref _brokenAt)),
            Error = _error,
            Elapsed = Desk.Time.GetUtcNow() - Record.Started,
        };
    }

    private async Task<(CopyState, GuestState)> LookAsync(CancellationToken ct)
    {
        if (_machine.QemuGone)
            return (CopyState.Gone, GuestState.Unknown);
        if (!await _qemu.FollowAsync())
            return (CopyState.Unknown, GuestState.Unknown);
        // A loaded guest stays loaded until it is let run: it stands still meanwhile, and asking would only lengthen that.
        if ((_qemu.Drain() ?? _qemu.State) is CopyState.Completed && Record.Verdict is Verdict.Pending)
            return (CopyState.Completed, GuestState.Paused);
        var (migration, status) = await _qemu.AskAsync(ct);
        if (migration is null || status is null)
            return (_qemu.State, GuestState.Unknown);
        _error = migration.Error ?? "";
        return (CopyStates.Of(migration.Status), GuestStates.Of(status.State));
    }

    private async Task<TimeSpan> PerformAsync(IncomingStep step, CancellationToken ct)
    {
        switch (step)
        {
            case IncomingStep.Wait wait:
                Change<IncomingRecord>(record => record.Phase == wait.Phase ? record : record with { Phase = wait.Phase });
                if (!_listening && wait.Phase is MigrationPhase.Setup)
                    await ListenAsync(ct);
                return wait.LookAgain;
            case IncomingStep.Decide decide:
                Decide(decide);
                if (decide.Verdict is Verdict.Activated)
                    await ActivateAsync(ct);
                return TimeSpan.Zero;
            case IncomingStep.Activate:
                await ActivateAsync(ct);
                return TimeSpan.Zero;
            case IncomingStep.EndQemu:
                _machine.RequestEnd($"migration {Id} was given up: {Record.Reason}");
                return TimeSpan.FromMilliseconds(20);
            case IncomingStep.Finish finish:
                if (finish.Phase is MigrationPhase.Succeeded)
                    await RehomeAsync(ct);
                Finish(finish);
                return TimeSpan.Zero;
            default:
                throw new InvalidOperationException($"{step} is not a step of an incoming migration");
        }
    }

    private void Decide(IncomingStep.Decide decide)
    {
        // On disk before anything is done about it.
        Change<IncomingRecord>(record => record with { Verdict = decide.Verdict, Reason = decide.Reason, Phase = MigrationPhase.Switching });
        Log.MigrationDecided(Logger, Id, decide.Verdict.ToString(), decide.Reason);
        if (decide.Verdict is Verdict.Aborted)
            _settled.TrySetResult();
    }

    private async Task ActivateAsync(CancellationToken ct)
    {
        Desk.Attachments.Arrive(_machine.Snapshot.Record.Plan.Pod.Uid);
        // Said to a guest that runs already it changes nothing.
        await _qemu.Session.ContinueAsync(ct);
        _qemu.Drain();
        var resumed = _qemu.ResumedAt ?? Desk.Time.GetUtcNow();
        Change<IncomingRecord>(record => record with { ResumedAt = record.ResumedAt ?? resumed });
        _settled.TrySetResult();
        _machine.Change(record => record.Arrival is not null ? record : record with { Arrival = new(Id, Record.SourceNode, resumed) });
        await _qemu.Session.AnnounceSelfAsync(new Announcement(), ct);
        Desk.Announcer.Announce(_machine.Snapshot);
    }

    /// <summary>
    /// A guest whose address nobody keeps has another from now on. It learns that when it asks again, which it does when its link comes
    /// back. Begun anew by a node that was restarted in between.
    /// </summary>
    private async Task RehomeAsync(CancellationToken ct)
    {
        var plan = _machine.Snapshot.Record.Plan;
        var leases = Desk.Attachments.OfPod(plan.Pod.Uid).Where(one => one.Bound is { Binding: BindingKind.Bridge, Lease.Addresses.Count: > 0 }).Select(one => one.Bound!.Name).ToHashSet();
        var cards = plan.Interfaces.Where(nic => nic is { Lease: null, LinkState: not LinkState.Down } && leases.Contains(nic.Name)).Select(nic => MachineDefinitions.CardId(nic.Name)).ToList();
        if (cards.Count == 0 || _machine.QemuGone)
            return;
        foreach (var card in cards)
            await _qemu.Session.SetLinkAsync(card, up: false, ct);
        await Task.Delay(LinkDown, Desk.Time, ct);
        foreach (var card in cards)
            await _qemu.Session.SetLinkAsync(card, up: true, ct);
        Log.Rehomed(Logger, Id, string.Join(", ", cards));
    }

    private void Finish(IncomingStep.Finish finish)
    {
        Change<IncomingRecord>(record => record with { Phase = finish.Phase, Reason = finish.Reason, Ended = Desk.Time.GetUtcNow() });
        _settled.TrySetResult();
    }

    /// <summary>Lets authenticated channels through to QEMU, one after the other.</summary>
    private async Task ReceiveAsync(CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            await foreach (var connection in _expectation.Arrived.ReadAllAsync(ct))
            {
                try
                {
                    await LetInAsync(connection, ct);
                    _connected = true;
                }
                catch (Exception failure) when (failure is IOException or SocketException or QmpException or RefusedException)
                {
                    connection.Dispose();
                    Break(failure.Message);
                }
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private async Task LetInAsync(DataConnection connection, CancellationToken ct)
    {
        await ListenAsync(ct);
        if (Record.Verdict is not Verdict.Pending)
            throw new IOException("the migration has ended");
        if (Record.Encrypted)
            Carry(connection);
        else
            await GiveAsync(connection, ct);
    }

    private void Carry(DataConnection connection)
    {
        var near = UnixSocket.Connect(_machine.Folder.SocketOutside(SocketName));
        connection.Welcome();
        var pump = new Pump(near, connection);
        _pumps.Add(pump);
        pump.Start();
        _watching.Add(WatchAsync(pump));
    }

    private async Task GiveAsync(DataConnection connection, CancellationToken ct)
    {
        using (connection)
        {
            var name = $"migration-{Id}";
            await _qemu.Session.GetFdAsync(name, connection.Socket.SafeHandle, ct);
            await _qemu.Session.MigrateIncomingAsync($"fd:{name}", ct);
            connection.Welcome();
        }
    }

    private async Task WatchAsync(Pump pump)
    {
        var failure = await pump.Ended;
        Break(failure ?? "it was closed");
    }

    private void Break(string reason)
    {
        if (_broken is null)
        {
            Interlocked.Exchange(ref _brokenAt, Desk.Time.GetTimestamp());
            _broken = reason;
        }

        Wakeup.Set();
    }

    private async Task CloseAsync()
    {
        Desk.Listener?.Forget(_expectation);
        await _stop.CancelAsync();
        await _receiving;
        foreach (var pump in _pumps)
            pump.Dispose();
        await Task.WhenAll(_watching);
        await _qemu.DisposeAsync();
        if (_machine.Folder.Exists)
            File.Delete(_machine.Folder.SocketOutside(SocketName));
    }
}
