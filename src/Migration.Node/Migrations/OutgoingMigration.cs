using System.Net.Sockets;
using System.Text.Json.Nodes;
using Grpc.Core;
using Migration.Node.Machines;
using Migration.Protos;
using Machine = Migration.Node.Machines.Machine;
using Migration.Qemu;

namespace Migration.Node.Migrations;

/// <summary>The source's side of a migration: performs what <see cref="OutgoingStep.Next"/> decides.</summary>
internal sealed class OutgoingMigration : MigrationEntry
{
    private const int AbortAttempts = 3;

    // QEMU's own limit (migration/options.h, MAX_MIGRATE_DOWNTIME).
    private static readonly TimeSpan LongestDowntime = TimeSpan.FromSeconds(2000);
    private static readonly TimeSpan AnchorRetry = TimeSpan.FromSeconds(1);
    private readonly Machine _machine;
    private readonly QemuWatch _qemu;
    private readonly OutgoingLimits _limits;
    private readonly GuestPath _network;
    private SourcePath? _path;
    private TargetWord _target = TargetWord.NotAsked;
    private TimeSpan _downtime = DowntimeLadder.At(0);
    private bool _letGo;
    private long? _openSince;
    private int _framesSentAfter;
    private string _error = "";

    public OutgoingMigration(OutgoingRecord record, Machine machine, MigrationDesk desk, OutgoingLimits limits)
        : base(record, desk)
    {
        _machine = machine;
        _limits = limits;
        _qemu = new QemuWatch(machine, Wakeup, desk.Time);
        _network = new GuestPath(machine, desk);
        _target = record.Verdict switch
        {
            Verdict.Activated => TargetWord.Activated,
            Verdict.Aborted => TargetWord.Aborted,
            _ => TargetWord.NotAsked,
        };
    }

    protected override string Role => "source";

    private OutgoingRecord Record => (OutgoingRecord)Snapshot.Record;

    /// <exception cref="RefusedException">The guest may be at the target already.</exception>
    public void Cancel(string reason, bool targetFenced = false)
    {
        if (Record.HasEnded)
            return;
        Change<OutgoingRecord>(record => targetFenced && record.Phase is MigrationPhase.Undecided ? record with { TargetFenced = true } : record.Phase is MigrationPhase.Switching or MigrationPhase.Undecided
            ? throw new RefusedException(Refusal.NotNow, $"migration {record.Id} is past the switch-over")
            : record.CancelReason is null
                ? record with { CancelReason = reason.Length > 0 ? reason : "cancelled on request", CancelRequested = true }
                : record);
        Wakeup.Set();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        await ClosePathAsync();
        _network.Dispose();
        await _qemu.DisposeAsync();
    }

    protected override async Task<TimeSpan> StepAsync(CancellationToken ct)
    {
        OutgoingStep? step = null;
        try
        {
            var seen = await ObserveAsync(ct);
            step = OutgoingStep.Next(Record, seen, _limits);
            Log.MigrationStep(Logger, Id, Role, step.GetType().Name);
            return await PerformAsync(step, ct);
        }
        catch (Exception failure) when (failure is QmpException or IOException or SocketException or RpcException or RefusedException or TimeoutException)
        {
            return Fail(step, failure);
        }
    }

    protected override async Task CleanUpAsync(CancellationToken ct)
    {
        await ClosePathAsync();
        _network.Dispose();
        await _qemu.DisposeAsync();
        _machine.Release(Id);
        Desk.Metrics.MigrationEnded(Role, Record.Phase.ToString());
        if (Record.Phase is not MigrationPhase.Succeeded)
            await AbortTargetAsync(ct);
    }

    private TimeSpan Fail(OutgoingStep? step, Exception failure)
    {
        if (step is OutgoingStep.Begin && !(MayPass(failure) && Desk.Time.GetUtcNow() - Record.Started < _limits.Setup))
        {
            Change<OutgoingRecord>(record => record with { CancelReason = record.CancelReason ?? failure.Message });
            return TimeSpan.Zero;
        }

        // The guest stands still, and its frames cannot be led after it: it is let run on here.
        if (step is OutgoingStep.SwitchOver && failure is RpcException)
            Change<OutgoingRecord>(record => record with { CancelReason = record.CancelReason ?? failure.Message });
        if (step is not null)
            Log.MigrationStepFailed(Logger, Id, Role, step.GetType().Name, failure.Message);
        return Retry;
    }

    /// <summary>A target that is slow to answer, or whose service is just being restarted, is worth a second try.</summary>
    private static bool MayPass(Exception failure) =>
        failure is SocketException or RpcException { StatusCode: StatusCode.Unavailable or StatusCode.DeadlineExceeded };

    private async Task<OutgoingObservation> ObserveAsync(CancellationToken ct)
    {
        var broken = _path?.Broken;
        var (copy, guest) = await LookAsync(ct);
        _qemu.Enter(copy);
        return new OutgoingObservation
        {
            Copy = copy,
            Guest = guest,
            Target = _target,
            Broken = broken,
            Error = _error,
            Deleting = _machine.Snapshot.Record.Deletion is not null,
            InState = _qemu.InState,
            Elapsed = Desk.Time.GetUtcNow() - Record.Started,
        };
    }

    private async Task<(CopyState, GuestState)> LookAsync(CancellationToken ct)
    {
        if (_machine.QemuGone)
            return (CopyState.Gone, GuestState.Unknown);
        if (!await _qemu.FollowAsync())
            return (CopyState.Unknown, GuestState.Unknown);
        var told = _qemu.Drain();
        // The guest stands still in these two: the event is as good as asking, and sooner.
        // (The first is told once and may have been seen by asking before.)
        if (Record.Begun && (told is CopyState.Completed || (told is CopyState.PreSwitchover && !_letGo)))
            return (told.Value, GuestState.Migrating);
        var (migration, status) = await _qemu.AskAsync(ct);
        if (migration is null || status is null)
            return (told ?? _qemu.State, GuestState.Unknown);
        _error = migration.Error ?? "";
        if (Record.Begun)
            Report(ProgressOf(migration));
        if (Record.Begun && migration.Status is MigrationStatus.Active)
            await AllowAsync(DowntimeLadder.At(migration.Memory?.Pass ?? 0), ct);
        return (CopyStates.Of(migration.Status), GuestStates.Of(status.State));
    }

    /// <summary>Politely first; a QEMU that is blocked hears only what comes out of band.</summary>
    private async Task TakeBackAsync(CancellationToken ct)
    {
        try
        {
            await _qemu.Session.MigrateCancelAsync(ct).WaitAsync(Machine.AnswerLimit, Desk.Time, ct);
        }
        catch (TimeoutException)
        {
            await _qemu.Session.YankMigrationAsync(ct).WaitAsync(Machine.AnswerLimit, Desk.Time, ct);
        }
    }

    private async Task<TimeSpan> PerformAsync(OutgoingStep step, CancellationToken ct)
    {
        switch (step)
        {
            case OutgoingStep.Begin:
                await BeginAsync(ct);
                return TimeSpan.Zero;
            case OutgoingStep.Wait wait:
                Enter(wait.Phase);
                return wait.LookAgain;
            case OutgoingStep.SwitchOver:
                // From here on a restarted node knows that the target may be about to get the guest.
                Change<OutgoingRecord>(record => record with { Phase = MigrationPhase.Switching, StoppedAt = _qemu.StoppedAt ?? record.StoppedAt ?? Desk.Time.GetUtcNow() });
                await DivertAsync(ct);
                await _qemu.Session.MigrateContinueAsync(ct).WaitAsync(Machine.AnswerLimit, Desk.Time, ct);
                _letGo = true;
                return _limits.Poll;
            case OutgoingStep.StopForTheRest:
                await SetDowntimeAsync(LongestDowntime, ct);
                Change<OutgoingRecord>(record => record with { Stopping = true });
                return _limits.Poll;
            case OutgoingStep.GiveUp giveUp:
                Change<OutgoingRecord>(record => record with { CancelReason = record.CancelReason ?? giveUp.Reason });
                await TakeBackAsync(ct);
                return TimeSpan.FromMilliseconds(10);
            case OutgoingStep.HandOver handOver:
                await HandOverAsync(handOver, ct);
                return TimeSpan.Zero;
            case OutgoingStep.ResumeHere resume:
                Change<OutgoingRecord>(record => record with { Reason = resume.Reason });
                // What cannot be undone yet is tried again when the guest runs.
                await CloseStretchesAsync(moved: false, ct);
                await _qemu.Session.ContinueAsync(ct);
                await _qemu.Session.AnnounceSelfAsync(new Announcement(), ct);
                return TimeSpan.Zero;
            case OutgoingStep.Finish finish:
                if (!await CloseStretchesAsync(finish.Phase is MigrationPhase.Succeeded, ct))
                    return AnchorRetry;
                Finish(finish);
                return TimeSpan.Zero;
            default:
                throw new InvalidOperationException($"{step} is not a step of an outgoing migration");
        }
    }

    private async Task BeginAsync(CancellationToken ct)
    {
        var record = Record;
        // Opens the control connection too: it will be needed while the guest stands still.
        var word = await Desk.Peers.QueryOutcomeAsync(record, handedOver: false, ct);
        if (word.Outcome is not Outcome.Pending)
            throw new IOException($"node {record.TargetNode} has decided already: {word.Outcome}");
        if (word.Layout is { } there && Desk.LayoutOf(record.MachineId) is { } here && !here.SequenceEqual(there.Interfaces))
            throw new IOException($"the guest's interfaces are not those that wait for it on node {record.TargetNode}: here {string.Join(", ", here)}; there {string.Join(", ", there.Interfaces)}");

        await _network.PrepareAsync(record, ways => Change<OutgoingRecord>(now => now with { Stretched = ways }), ct);
        _network.Watch(Record.Stretched ?? []);

        await ClosePathAsync();
        _path = new SourcePath(record, _machine.Folder, Desk.Dialer, Wakeup);
        await MigrationSetup.PrepareSourceAsync(_qemu.Session, CopySettingsOf(record), ct);
        var uri = await _path.OpenAsync(_qemu.Session, ct);
        Change<OutgoingRecord>(now => now with { Begun = true });
        await _qemu.Session.MigrateAsync(uri, ct);
        _path.Begun();
    }

    /// <summary>Lengthens the stop that QEMU may make, if nobody has fixed it.</summary>
    private async Task AllowAsync(TimeSpan downtime, CancellationToken ct)
    {
        if (Record.Settings.MaxDowntime is not null || Record.Stopping || downtime == _downtime)
            return;
        _downtime = downtime;
        await SetDowntimeAsync(downtime, ct);
    }

    private Task SetDowntimeAsync(TimeSpan downtime, CancellationToken ct) =>
        _qemu.Session.SetMigrateParametersAsync(new JsonObject { ["downtime-limit"] = (long)downtime.TotalMilliseconds }, ct);

    private async Task HandOverAsync(OutgoingStep.HandOver step, CancellationToken ct)
    {
        if (_target is not TargetWord.NotAsked)
            await Wakeup.WaitAsync(step.Pause, Desk.Time, ct);
        try
        {
            var word = await Desk.Peers.QueryOutcomeAsync(Record, handedOver: true, ct);
            _target = Hear(word);
            // Written down where a restart finds it, and where the machine learns that its guest has left.
            if (_target is TargetWord.Activated)
                Activated(word);
            else if (_target is TargetWord.Aborted)
                Change<OutgoingRecord>(record => record with { Verdict = Verdict.Aborted });
            else
                Enter(MigrationPhase.Switching);
        }
        catch (RpcException unreachable)
        {
            // NOT_FOUND is no answer either: a target that has lost its record may run the guest.
            _target = TargetWord.Unreachable;
            Change<OutgoingRecord>(record => record with { Phase = MigrationPhase.Undecided, Reason = $"node {record.TargetNode} cannot be asked: {unreachable.Status.Detail}" });
        }
    }

    private void Activated(QueryOutcomeResponse word)
    {
        var heard = Desk.Time.GetUtcNow();
        Change<OutgoingRecord>(record =>
        {
            var resumed = word.ResumedAt?.ToDateTimeOffset();
            // The two clocks may differ: what was heard here bounds what was said there.
            var resumedHere = resumed is { } said && said >= record.StoppedAt && said <= heard ? said : heard;
            return record with { Verdict = Verdict.Activated, ResumedAt = resumed ?? heard, FramesSentAfter = _framesSentAfter, Downtime = record.StoppedAt is { } stopped ? resumedHere - stopped : null };
        });
        if (Record.Downtime is { } downtime)
            Desk.Metrics.Downtime(downtime);
        _machine.Change(Leave);
    }

    /// <summary>The guest is gone from here; the pod stays if it keeps an address.</summary>
    private MachineRecord Leave(MachineRecord record) =>
        record.Moved ? record : record with { Moved = true, Anchor = Record.KeepsAnAddress };

    private async Task DivertAsync(CancellationToken ct)
    {
        if (Record.Stretched is not { Count: > 0 } stretched)
            return;
        _framesSentAfter = await _network.DivertAsync(stretched, Record.StoppedAt ?? Desk.Time.GetUtcNow(), ct);
        Log.FramesSentAfter(Logger, Id, _framesSentAfter);
    }

    /// <summary>Settles the ways of the guest's frames, or undoes them; false if that is to be tried again.</summary>
    private async Task<bool> CloseStretchesAsync(bool moved, CancellationToken ct)
    {
        if (Record is not { Stretched: { Count: > 0 } stretched, StretchesDone: false })
            return true;
        string? trouble = null;
        try
        {
            await (moved ? _network.SettleAsync(stretched, ct) : _network.ReturnAsync(stretched, ct));
        }
        catch (Exception failure) when (failure is RpcException or RefusedException or IOException)
        {
            trouble = $"the way of the guest's frames is not {(moved ? "settled" : "undone")}: {failure.Message}";
            if (trouble != Record.WayTrouble)
                Log.WayStaysOpen(Logger, Id, trouble);
        }

        var done = trouble is null || MayStayOpen(moved);
        Change<OutgoingRecord>(record => record with { StretchesDone = done, WayTrouble = trouble });
        return done;
    }

    /// <summary>
    /// Frames follow a guest that has moved whether or not its home has forgotten the old way, and the next migration makes up for it.
    /// To a guest that has not moved they come only when it is undone.
    /// </summary>
    private bool MayStayOpen(bool moved)
    {
        _openSince ??= Desk.Time.GetTimestamp();
        return _machine.Snapshot.Record.Deletion is not null || (moved && Desk.Time.GetElapsedTime(_openSince.Value) > _limits.Settle);
    }

    private void Finish(OutgoingStep.Finish finish)
    {
        // Repeated after a restart that came between the two.
        if (finish.Phase is MigrationPhase.Succeeded)
            _machine.Change(Leave);
        Change<OutgoingRecord>(record => record with
        {
            Phase = finish.Phase,
            Reason = finish.Reason,
            Ended = Desk.Time.GetUtcNow(),
            Progress = Snapshot.Progress,
        });
    }

    private async Task ClosePathAsync()
    {
        if (_path is { } path)
            await path.DisposeAsync();
        _path = null;
    }

    private void Enter(MigrationPhase phase) => Change<OutgoingRecord>(record => record.Phase == phase ? record : record with { Phase = phase });

    /// <summary>The target's QEMU would wait for nobody: tell it, but do not insist. Whether it hears changes nothing for the guest.</summary>
    private async Task AbortTargetAsync(CancellationToken ct)
    {
        for (var attempt = 0; attempt < AbortAttempts; attempt++)
        {
            try
            {
                await Desk.Peers.AbortIncomingAsync(Record, Record.Reason, ct);
                return;
            }
            catch (RpcException unheard) when (unheard.StatusCode is not StatusCode.NotFound)
            {
                Log.MigrationStepFailed(Logger, Id, Role, nameof(AbortTargetAsync), unheard.Status.Detail);
                await Task.Delay(Retry, Desk.Time, ct);
            }
            catch (Exception futile) when (futile is RpcException or RefusedException)
            {
                return;
            }
        }
    }

    private static TargetWord Hear(QueryOutcomeResponse word) => word.Outcome switch
    {
        Outcome.Activated => TargetWord.Activated,
        Outcome.Aborted => TargetWord.Aborted,
        _ => TargetWord.Pending,
    };

    private static CopySettings CopySettingsOf(OutgoingRecord record) => new()
    {
        MaxBandwidth = record.Settings.MaxBandwidth > 0 ? record.Settings.MaxBandwidth : CopySettings.Unlimited,
        DowntimeLimit = record.Settings.MaxDowntime ?? DowntimeLadder.At(0),
        Channels = record.Channels,
        AutoConverge = record.Settings.AllowAutoConverge,
    };

    private static Progress ProgressOf(MigrationInfo info) => new()
    {
        TotalBytes = info.Memory?.Total ?? 0,
        TransferredBytes = info.Memory?.Transferred ?? 0,
        RemainingBytes = info.Memory?.Remaining ?? 0,
        BytesPerSecond = info.Memory?.BytesPerSecond ?? 0,
        DirtyBytesPerSecond = info.Memory?.DirtyBytesPerSecond ?? 0,
        Iteration = info.Memory?.Pass ?? 0,
        PredictedDowntime = info.ExpectedDowntime,
    };
}
