using System.Runtime.InteropServices;
using Migration.Linux;
using Migration.Node.Machines.Disks;
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
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan EndGrace = TimeSpan.FromSeconds(2);
    private static readonly string[] Interesting = ["STOP", "RESUME", "SHUTDOWN", "POWERDOWN", "MIGRATION", "GUEST_PANICKED", "BLOCK_IO_ERROR", "DEVICE_DELETED"];

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

    // About the NICs, all of this process alone; only the loop touches them.
    private readonly Dictionary<string, LinkState> _links = [];
    private readonly Dictionary<string, DateTimeOffset> _asked = [];
    private readonly Dictionary<string, (DateTimeOffset Until, string Reason)> _troubles = [];
    private PodNicWork? _podNicWork;

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
    /// <exception cref="RefusedException">The NICs would change while a migration is in flight.</exception>
    public void Change(Func<MachineRecord, MachineRecord> change)
    {
        lock (_gate)
        {
            var record = change(_snapshot.Record);
            if (ReferenceEquals(record, _snapshot.Record))
                return;
            if (_snapshot.MigrationId is { } migration && !ReferenceEquals(record.Plan.Interfaces, _snapshot.Record.Plan.Interfaces))
                throw new RefusedException(Refusal.Busy, $"machine {Id}: migration {migration} is in flight, its interfaces must not change");
            _room.Save(record);
            PublishLocked(_snapshot with { Record = record });
        }

        Wake();
    }

    /// <summary>As <see cref="Claim"/>, if what the guest has is not just changing: the target must have the same.</summary>
    public void ClaimSettled(string migrationId)
    {
        lock (_gate)
        {
            Layout.RequireSettled(_snapshot.Record, _snapshot.Cards);
            Claim(migrationId);
        }
    }

    /// <summary>Gives the guest to a migration: until it is released nobody else stops, starts or ends it, or changes its NICs.</summary>
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
        if (_podNicWork is { } unfinished)
            await TryAsync(unfinished.Step, unfinished.WaitAsync);
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
                // What it is just making would be left behind.
                if (_podNicWork is { } work)
                    await TryAsync(work.Step, work.WaitAsync);
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
        await SettlePodNicAsync();
        var record = _snapshot.Record;
        var state = await AskLauncherAsync(ct);
        _room.Resolve(record.Plan, state?.ResolverConfiguration ?? "");
        var bound = _room.Network.Bound(record.Plan);
        lock (_gate)
            PublishLocked(_snapshot with { Interfaces = bound, NetworkStatus = _room.NetworkStatusOf(record.Plan) });

        var view = ViewOf(state, record);
        QemuGone = record.Ending is not null || view is LauncherView.Ended or LauncherView.Gone or LauncherView.Anchor;
        var guest = view is LauncherView.Running ? await AskGuestAsync(ct) : GuestState.Unknown;
        await AskForCardsAsync(guest, ct);
        lock (_gate)
        {
            PublishLocked(_snapshot with
            {
                QemuPid = view is LauncherView.Running ? state!.QemuPid : 0,
                Digests = view is LauncherView.Running ? MachineDisks.DigestsOf(record.Plan, state!.Digests) : _snapshot.Digests,
            });
            return new MachineObservation
            {
                Attached = (record.LaunchId is null ? Layout.AtLaunch(record) : record).Plan.Interfaces.All(nic => nic.Slot is null || bound.Any(present => present.Name == nic.Name)),
                Launcher = view,
                Stopping = state?.Stopping ?? false,
                ExitCode = state?.ExitCode ?? 0,
                ExitSignal = state?.ExitSignal ?? 0,
                LastWords = state?.LastWords ?? "",
                EndReason = _endReason,
                GuestShutDown = _guestShutDown,
                Guest = guest,
                Interfaces = ObserveInterfaces(record, bound, view),
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
                ForgetTroubles();
                Publish(stay.Phase, stay.Phase is MachinePhase.Planned or MachinePhase.Running && Trouble() is { Length: > 0 } trouble ? trouble : stay.Reason);
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
            case MachineStep.BecomeAnchor:
                await Launcher().BecomeAnchorAsync(ct);
                return TimeSpan.Zero;
            case MachineStep.EndQemu:
                await EndAsync(ct);
                return TimeSpan.FromMilliseconds(20);
            case MachineStep.Tend tend:
                Publish(tend.Phase, Trouble());
                await TendAsync(tend.Step, ct);
                return TimeSpan.Zero;
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
            Change(record => Layout.AtLaunch(capabilities.Pin(record)) with { LaunchId = Guid.NewGuid().ToString("N") });
        }

        var now = _snapshot.Record;
        var files = new Dictionary<string, SafeHandle>();
        var taps = new List<Tap>();
        try
        {
            var bound = _room.Network.Bound(now.Plan);
            foreach (var nic in now.Plan.Interfaces.Where(nic => nic.Slot is not null))
                taps.Add(OpenTap(now.Plan, bound.First(one => one.Name == nic.Name), files));
            var launch = new Launch { Id = now.LaunchId, Program = _room.Qemu };
            launch.Arguments.AddRange(QemuCommandLine.Arguments(MachineDefinitions.Of(now, bound)));
            launch.FileNames.AddRange(files.Keys);
            launch.DiskFiles.AddRange(MachineDisks.FilesOf(now.Plan));
            var state = await Launcher().LaunchAsync(launch, [.. files.Values], ct);
            Log.MachineLaunched(_room.Log, Id, state.QemuPid, now.MachineType, now.CpuModel, now.Accelerator.ToString());
        }
        finally
        {
            foreach (var tap in taps)
                tap.Dispose();
        }
    }

    private Tap OpenTap(MachinePlan plan, BoundInterface bound)
    {
        using var space = NetworkNamespace.Open(_room.Network.NamespaceOf(plan, bound));
        return Tap.Open(space, bound.Tap, new TapOptions { Queues = bound.Queues, VirtioNetHeader = true });
    }

    private Tap OpenTap(MachinePlan plan, BoundInterface bound, Dictionary<string, SafeHandle> files)
    {
        var tap = OpenTap(plan, bound);
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
        // Another session may be with another QEMU: carriers are set anew.
        _links.Clear();
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

    /// <summary>What the guest has. Not asked while a migration owns it: nothing may change then, and each answer would cost it time.</summary>
    private async Task AskForCardsAsync(GuestState guest, CancellationToken ct)
    {
        if (guest is GuestState.Unknown or GuestState.Incoming || _snapshot.MigrationId is not null || Qmp is not { } session)
            return;
        try
        {
            var present = await session.QueryNetworkCardsAsync(ct).WaitAsync(AnswerLimit, _room.Time, ct);
            foreach (var gone in _links.Keys.Where(name => !present.Contains(MachineDefinitions.CardId(name))).ToList())
                _links.Remove(gone);
            PublishCards(present);
        }
        catch (TimeoutException)
        {
            // What was known last still counts.
        }
    }

    private void PublishCards(IReadOnlySet<string> present)
    {
        lock (_gate)
        {
            var record = _snapshot.Record;
            var cards = record.Plan.Interfaces.Concat(record.Leaving).Select(nic => nic.Name).Distinct()
                .Where(name => present.Contains(MachineDefinitions.CardId(name)))
                .Select(name => new GuestCard(name, _links.TryGetValue(name, out var link) ? link : null));
            PublishLocked(_snapshot with { Cards = [.. cards] });
        }
    }

    private InterfaceObservation ObserveInterfaces(MachineRecord record, IReadOnlyList<BoundInterface> bound, LauncherView view) => new()
    {
        Cards = _snapshot.Cards,
        Bound = bound.Select(nic => nic.Name).ToHashSet(),
        Bindable = view is LauncherView.Waiting or LauncherView.Running
            ? record.Plan.Interfaces.Where(nic => bound.All(one => one.Name != nic.Name) && _room.Network.IsReachable(record.Plan, nic)).Select(nic => nic.Name).ToHashSet()
            : [],
        Asked = _asked,
        AtWork = _podNicWork?.Step.Nic.Name,
        Resting = _troubles.ToDictionary(trouble => trouble.Key, trouble => trouble.Value.Until),
    };

    /// <summary>What was not tried again although its time had come has been settled in another way.</summary>
    private void ForgetTroubles()
    {
        var now = _room.Time.GetUtcNow();
        foreach (var settled in _troubles.Where(trouble => trouble.Value.Until <= now).Select(trouble => trouble.Key).ToList())
            _troubles.Remove(settled);
    }

    private string Trouble() => _troubles.Values.Select(trouble => trouble.Reason).FirstOrDefault() ?? "";

    /// <summary>One NIC's trouble is not another's, and not the machine's.</summary>
    private async Task TryAsync(InterfaceStep step, Func<Task> perform)
    {
        var name = step.Nic.Name;
        try
        {
            await perform();
            _troubles.Remove(name);
        }
        catch (Exception failure) when (failure is RefusedException or IOException or ArgumentException or QmpException or OperationCanceledException)
        {
            if (!_troubles.TryGetValue(name, out var before) || before.Reason != failure.Message)
                Log.InterfaceStepFailed(_room.Log, Id, name, step.GetType().Name, failure.Message);
            _troubles[name] = (_room.Time.GetUtcNow() + Rest, failure.Message);
        }
    }

    private async Task PerformAsync(InterfaceStep step, CancellationToken ct)
    {
        var name = step.Nic.Name;
        switch (step)
        {
            case InterfaceStep.Plug:
                await PlugAsync(name, ct);
                break;
            case InterfaceStep.SetLink:
                await SetLinkAsync(step.Nic, ct);
                break;
            case InterfaceStep.Ask:
                _asked[name] = _room.Time.GetUtcNow();
                await Session().AskForNetworkCardAsync(MachineDefinitions.CardId(name), ct);
                break;
            default:
                throw new InvalidOperationException($"{step} is not a step of an interface");
        }
    }

    private Task TendAsync(InterfaceStep step, CancellationToken ct)
    {
        if (step is not (InterfaceStep.Bind or InterfaceStep.Drop))
            return TryAsync(step, () => PerformAsync(step, ct));
        var plan = _snapshot.Record.Plan;
        _podNicWork = PodNicWork.Start(step, () => step is InterfaceStep.Bind ? _room.Network.BindAsync(plan, step.Nic) : DropAsync(step.Nic, ct), Wake);
        return Task.CompletedTask;
    }

    private async Task DropAsync(InterfacePlan nic, CancellationToken ct)
    {
        await Session().RemoveBackendAsync(MachineDefinitions.CardId(nic.Name), nic.Queues, ct);
        await _room.Network.UnbindAsync(_snapshot.Record.Plan, nic);
        Change(record => record with { Leaving = [.. record.Leaving.Where(one => one.Name != nic.Name)] });
        Log.Unplugged(_room.Log, Id, nic.Name);
    }

    private async Task SettlePodNicAsync()
    {
        if (_podNicWork is not { HasEnded: true } work)
            return;
        _podNicWork = null;
        await TryAsync(work.Step, work.WaitAsync);
        if (work.Step is InterfaceStep.Drop)
            _asked.Remove(work.Step.Nic.Name);
    }

    private async Task PlugAsync(string name, CancellationToken ct)
    {
        // Where it goes is on disk before it is there.
        Change(record => Layout.WithSlot(record, name));
        var plan = _snapshot.Record.Plan;
        var nic = plan.Interfaces.First(nic => nic.Name == name);
        var bound = _room.Network.Bound(plan).First(one => one.Name == name);
        var session = Session();
        // A former attempt may have got as far as giving QEMU the tap.
        await session.RemoveBackendAsync(MachineDefinitions.CardId(name), bound.Queues, ct);
        using var tap = OpenTap(plan, bound);
        await session.AddNetworkCardAsync(MachineDefinitions.CardOf(nic, bound), [.. tap.Queues], ct);
        if (nic.LinkState is LinkState.Down)
            await SetLinkAsync(nic, ct);
        Log.Plugged(_room.Log, Id, name, nic.Slot ?? -1, bound.Mac);
    }

    private async Task SetLinkAsync(InterfacePlan nic, CancellationToken ct)
    {
        await Session().SetLinkAsync(MachineDefinitions.CardId(nic.Name), nic.LinkState is not LinkState.Down, ct);
        _links[nic.Name] = nic.LinkState;
    }

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
