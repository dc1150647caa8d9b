using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Node.Networks;
using Migration.Node.State;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>
/// One machine and its only owner: a loop that looks (record, network, launcher, QEMU), lets <see cref="MachineStep.Next"/> decide,
/// and does one step. Others change the record or claim the guest for a migration, and wake the loop.
/// </summary>
internal sealed class Machine : IAsyncDisposable
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(2);
    private static readonly string[] Interesting = ["STOP", "RESUME", "SHUTDOWN", "POWERDOWN", "MIGRATION", "GUEST_PANICKED", "BLOCK_IO_ERROR"];

    private readonly MachineRoom _room;
    private readonly PodFolder _folder;
    private readonly Wakeup _wakeup = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new(); // protects _snapshot against concurrent changes, and _endReason
    private volatile MachineSnapshot _snapshot;
    private volatile QmpSession? _qmp;
    private LauncherClient? _launcher;
    private Task _listening = Task.CompletedTask;
    private Task _living = Task.CompletedTask;
    private string? _endReason;

    /// <summary>A QEMU that was stopped, or is blocked in sending, answers nothing: nobody waits for it longer than this.</summary>
    internal static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private bool _poweringDown;
    private bool _guestShutDown;

    public Machine(MachineRecord record, MachineRoom room)
    {
        _room = room;
        _folder = new PodFolder(room.KubeletRoot, record.Plan.Pod.Uid.Length > 0 ? record.Plan.Pod.Uid : record.Plan.Id);
        _snapshot = new MachineSnapshot { Record = record, Version = room.NextVersion() };
    }

    public string Id => _snapshot.Record.Plan.Id;

    public MachineSnapshot Snapshot => _snapshot;

    public PodFolder Folder => _folder;

    /// <summary>The live session, while there is one. It may end at any moment.</summary>
    public QmpSession? Qmp => _qmp is { Ended.IsCompleted: false } session ? session : null;

    /// <summary>QEMU ended, or its pod did: nothing runs here any more.</summary>
    public bool QemuGone { get; private set; }

    public void Start() => _living = LiveAsync(_stop.Token);

    public void Wake() => _wakeup.Set();

    /// <summary>Replaces the record, on disk first.</summary>
    public void Change(Func<MachineRecord, MachineRecord> change)
    {
        lock (_gate)
        {
            var record = change(_snapshot.Record);
            if (ReferenceEquals(record, _snapshot.Record))
                return;
            _room.Save(record);
            PublishLocked(_snapshot with { Record = record });
        }

        Wake();
    }

    /// <summary>Gives the guest to a migration: until it is released nobody else stops, starts or ends it.</summary>
    public void Claim(string migrationId)
    {
        lock (_gate)
        {
            if (_snapshot.MigrationId is { } other && other != migrationId)
                throw new RefusedException(Refusal.Busy, $"machine {Id}: migration {other} is in flight");
            PublishLocked(_snapshot with { MigrationId = migrationId });
        }

        Wake();
    }

    public void Release(string migrationId)
    {
        lock (_gate)
        {
            if (_snapshot.MigrationId == migrationId)
                PublishLocked(_snapshot with { MigrationId = null });
        }

        Wake();
    }

    /// <summary>Has QEMU ended whatever the guest does.</summary>
    public void RequestEnd(string reason)
    {
        lock (_gate)
            _endReason ??= reason;
        Wake();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _living;
        await DropSessionAsync();
        _launcher?.Dispose();
        _stop.Dispose();
    }

    private async Task LiveAsync(CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            while (!ct.IsCancellationRequested && await StepAsync(ct) is { } lookAgain)
                await _wakeup.WaitAsync(lookAgain, _room.Time, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The node stops; the guest runs on.
        }
    }

    /// <summary>One look and one step; null when the machine is forgotten.</summary>
    private async Task<TimeSpan?> StepAsync(CancellationToken ct)
    {
        MachineStep? step = null;
        try
        {
            var seen = await ObserveAsync(ct);
            step = MachineStep.Next(_snapshot.Record, seen);
            if (step is MachineStep.Forget)
            {
                _room.Forget(this);
                return null;
            }

            return await PerformAsync(step, ct);
        }
        catch (Exception failure) when (failure is QmpException or IOException or System.Net.Sockets.SocketException or RefusedException or ArgumentException or UnauthorizedAccessException)
        {
            return await FailAsync(step, failure);
        }
        catch (Exception mistake) when (mistake is not OperationCanceledException)
        {
            // The owner of a guest does not leave it, not even for a mistake of ours.
            Log.LoopStumbled(_room.Log, $"machine {Id}", mistake);
            return TimeSpan.FromSeconds(1);
        }
    }

    private async Task<TimeSpan> FailAsync(MachineStep? step, Exception failure)
    {
        // What the plan asks for and this node cannot do will not get better by trying again.
        if (step is MachineStep.Launch && failure is RefusedException or ArgumentException)
        {
            Change(record => record with { Ending = new(MachinePhase.Failed, failure.Message) });
            return TimeSpan.Zero;
        }

        if (step is MachineStep.ConnectQemu or null)
            await DropSessionAsync();
        else
            Log.MachineStepFailed(_room.Log, Id, step.GetType().Name, failure.Message);
        return step is MachineStep.ConnectQemu ? TimeSpan.FromMilliseconds(10) : Retry;
    }

    private async Task<MachineObservation> ObserveAsync(CancellationToken ct)
    {
        var record = _snapshot.Record;
        var state = await AskLauncherAsync(ct);
        _room.Resolve(record.Plan, state?.ResolverConfiguration ?? "");
        var bound = _room.Bound(record.Plan);
        lock (_gate)
            PublishLocked(_snapshot with { Interfaces = bound, NetworkStatus = _room.NetworkStatusOf(record.Plan) });

        var view = ViewOf(state, record);
        QemuGone = record.Ending is not null || view is LauncherView.Ended or LauncherView.Gone or LauncherView.Anchor;
        var guest = view is LauncherView.Running ? await AskGuestAsync(ct) : GuestState.Unknown;
        lock (_gate)
        {
            PublishLocked(_snapshot with { QemuPid = view is LauncherView.Running ? state!.QemuPid : 0 });
            return new MachineObservation
            {
                Attached = record.Plan.Interfaces.All(nic => bound.Any(present => present.Name == nic.Name)),
                Launcher = view,
                Stopping = state?.Stopping ?? false,
                ExitCode = state?.ExitCode ?? 0,
                ExitSignal = state?.ExitSignal ?? 0,
                LastWords = state?.LastWords ?? "",
                EndReason = _endReason,
                GuestShutDown = _guestShutDown,
                Guest = guest,
                MigrationId = _snapshot.MigrationId,
                PoweringDown = _poweringDown,
                Now = _room.Time.GetUtcNow(),
            };
        }
    }

    private async Task<Protos.Launcher.State?> AskLauncherAsync(CancellationToken ct)
    {
        // A launcher that has just died is told apart from one that was never there by asking a second time.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            try
            {
                if (_launcher is null && !File.Exists(_folder.LauncherSocket))
                    return null;
                _launcher ??= LauncherClient.Connect(_folder.LauncherSocket);
                return await _launcher.DescribeAsync(ct);
            }
            catch (Exception lost) when (lost is IOException or System.Net.Sockets.SocketException)
            {
                _launcher?.Dispose();
                _launcher = null;
            }
        }

        return null;
    }

    private LauncherView ViewOf(Protos.Launcher.State? state, MachineRecord record) => state?.Phase switch
    {
        null when record.LaunchId is null => LauncherView.NotYet,
        null => LauncherView.Gone,
        Phase.Running => LauncherView.Running,
        Phase.Ended => LauncherView.Ended,
        Phase.Anchor => LauncherView.Anchor,
        _ => LauncherView.Waiting,
    };

    private async Task<GuestState> AskGuestAsync(CancellationToken ct)
    {
        if (Qmp is not { } session)
            return GuestState.Unknown;
        try
        {
            return GuestStates.Of((await session.QueryStatusAsync(ct).WaitAsync(AnswerLimit, _room.Time, ct)).State);
        }
        catch (TimeoutException)
        {
            return GuestState.Unknown;
        }
    }

    private async Task<TimeSpan> PerformAsync(MachineStep step, CancellationToken ct)
    {
        switch (step)
        {
            case MachineStep.Stay stay:
                Publish(stay.Phase, stay.Reason);
                return stay.LookAgain;
            case MachineStep.Launch:
                await LaunchAsync(ct);
                return TimeSpan.Zero;
            case MachineStep.ConnectQemu:
                Publish(MachinePhase.Starting, "QEMU starts");
                await ConnectAsync(ct);
                return TimeSpan.Zero;
            case MachineStep.Run:
                await Session().ContinueAsync(ct);
                return TimeSpan.Zero;
            case MachineStep.Halt:
                await Session().StopAsync(ct);
                return TimeSpan.Zero;
            case MachineStep.PowerDown:
                await Session().PowerDownAsync(ct);
                _poweringDown = true;
                return TimeSpan.Zero;
            case MachineStep.EndQemu:
                await EndAsync(ct);
                return TimeSpan.FromMilliseconds(20);
            case MachineStep.Conclude conclude:
                Change(record => record with { Ending = conclude.Ending });
                await DropSessionAsync();
                return TimeSpan.Zero;
            default:
                throw new InvalidOperationException($"{step} is not a step of a machine");
        }
    }

    private async Task LaunchAsync(CancellationToken ct)
    {
        Publish(MachinePhase.Starting, "launching QEMU");
        if (_snapshot.Record.LaunchId is null)
        {
            var capabilities = await _room.CapabilitiesAsync(ct);
            Change(record => capabilities.Pin(record) with { LaunchId = Guid.NewGuid().ToString("N") });
        }

        var now = _snapshot.Record;
        var files = new Dictionary<string, SafeHandle>();
        var taps = new List<Tap>();
        try
        {
            foreach (var bound in _room.Bound(now.Plan))
                taps.Add(OpenTap(now.Plan, bound, files));
            var launch = new Launch { Id = now.LaunchId, Program = _room.Qemu };
            launch.Arguments.AddRange(QemuCommandLine.Arguments(MachineDefinitions.Of(now, _room.Bound(now.Plan))));
            launch.FileNames.AddRange(files.Keys);
            var state = await Launcher().LaunchAsync(launch, [.. files.Values], ct);
            Log.MachineLaunched(_room.Log, Id, state.QemuPid, now.MachineType, now.CpuModel, now.Accelerator.ToString());
        }
        finally
        {
            foreach (var tap in taps)
                tap.Dispose();
        }
    }

    private Tap OpenTap(MachinePlan plan, BoundInterface bound, Dictionary<string, SafeHandle> files)
    {
        using var space = NetworkNamespace.Open(_room.NamespaceOf(plan, bound));
        var tap = Tap.Open(space, bound.Tap, new TapOptions { Queues = bound.Queues, VirtioNetHeader = true });
        foreach (var (name, queue) in MachineDefinitions.TapFiles(bound.Name, bound.Queues).Zip(tap.Queues))
            files.Add(name, queue);
        return tap;
    }

    private async Task ConnectAsync(CancellationToken ct)
    {
        await DropSessionAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(3), _room.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, limit.Token);
        try
        {
            var session = await QmpSession.ConnectAsync(_folder.QmpSocket, either.Token);
            _listening = ListenAsync(session);
            _qmp = session;
            lock (_gate)
                PublishLocked(_snapshot with { QemuVersion = session.Version.ToString() });
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            throw new IOException("QEMU did not greet within 3 s");
        }
    }

    /// <summary>Events only wake the loop, which then asks.</summary>
    private async Task ListenAsync(QmpSession session)
    {
        using var events = session.Listen(Interesting);
        try
        {
            while (true)
            {
                var happened = await events.NextAsync(CancellationToken.None);
                if (happened.Name == "SHUTDOWN" && happened.Data.TryGetProperty("guest", out var byGuest) && byGuest.GetBoolean())
                    _guestShutDown = true;
                _wakeup.Set();
            }
        }
        catch (QmpException)
        {
            _wakeup.Set();
        }
    }

    private async Task EndAsync(CancellationToken ct)
    {
        if (_launcher is { } launcher)
            await launcher.ShutdownAsync(_snapshot.Record.Moved || _endReason is not null ? TimeSpan.Zero : EndGrace, ct);
        else if (Qmp is { } session)
            await session.QuitAsync(ct);
    }

    private async Task DropSessionAsync()
    {
        if (_qmp is { } session)
        {
            _qmp = null;
            await session.DisposeAsync();
        }

        await _listening;
        _listening = Task.CompletedTask;
    }

    private QmpSession Session() => Qmp ?? throw new IOException("the connection to QEMU was lost");

    private LauncherClient Launcher() => _launcher ?? throw new IOException("the connection to the launcher was lost");

    private void Publish(MachinePhase phase, string reason)
    {
        lock (_gate)
            PublishLocked(_snapshot with { Phase = phase, Reason = reason });
    }

    private void PublishLocked(MachineSnapshot next)
    {
        if (next.LooksLike(_snapshot))
            return;
        if ((next.Phase, next.Reason) != (_snapshot.Phase, _snapshot.Reason))
            Log.MachinePhaseChanged(_room.Log, Id, next.Phase.ToString(), next.Reason);
        _room.Publish(() => _snapshot = next with { Version = _room.NextVersion() });
    }
}
