namespace Migration.Node.Machines;

/// <summary>
/// What to do next for a machine: a pure function of its record and of what was seen, so that a restarted node goes on
/// where the killed one was. Every step may be repeated.
/// </summary>
internal abstract record MachineStep
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Watching = TimeSpan.FromSeconds(1);

    private MachineStep()
    {
    }

    /// <summary>Nothing to do but to look again, after news or after a while; the machine is in this phase.</summary>
    public sealed record Stay(MachinePhase Phase, string Reason, TimeSpan LookAgain) : MachineStep;

    /// <summary>Choose what is not chosen yet, write it down, and have the launcher start QEMU.</summary>
    public sealed record Launch : MachineStep;

    /// <summary>QEMU runs: talk to it.</summary>
    public sealed record ConnectQemu : MachineStep;

    /// <summary>Let the guest run.</summary>
    public sealed record Run : MachineStep;

    /// <summary>Make the guest stand still.</summary>
    public sealed record Halt : MachineStep;

    /// <summary>Press the guest's power button.</summary>
    public sealed record PowerDown : MachineStep;

    /// <summary>End QEMU, and the launcher with it.</summary>
    public sealed record EndQemu : MachineStep;

    /// <summary>End QEMU; the launcher, and with it the pod, stays.</summary>
    public sealed record BecomeAnchor : MachineStep;

    /// <summary>Write down how it ended.</summary>
    public sealed record Conclude(Ending Ending) : MachineStep;

    /// <summary>The machine is in this phase, and something is to be done about one of its NICs.</summary>
    public sealed record Tend(MachinePhase Phase, InterfaceStep Step) : MachineStep;

    /// <summary>Remove what is left of it.</summary>
    public sealed record Forget : MachineStep;

    public static MachineStep Next(MachineRecord record, MachineObservation seen) =>
        record.Deletion is { } deletion ? Delete(record, seen, deletion)
        : record.Moved ? Leave(record, seen)
        : record.Ending is { } ending ? new Stay(ending.Phase, ending.Reason, Timeout.InfiniteTimeSpan)
        : !seen.Attached && (record.LaunchId is null || seen.Launcher is LauncherView.Waiting) ? AwaitNetwork(record, seen)
        : Start(record, seen);

    /// <summary>A launcher that waits proves that CNI is through with the pod: what it made and did not tell is there by now.</summary>
    private static MachineStep AwaitNetwork(MachineRecord record, MachineObservation seen) =>
        seen.Launcher is LauncherView.Waiting && InterfaceStep.BeforeLaunch(record, seen) is { } step
            ? new Tend(MachinePhase.Planned, step)
            : new Stay(MachinePhase.Planned, "the pod's network is not attached yet", Watching);

    private static MachineStep Start(MachineRecord record, MachineObservation seen) => seen.Launcher switch
    {
        LauncherView.NotYet when record.LaunchId is null => new Stay(MachinePhase.Starting, "waiting for the launcher", Soon),
        LauncherView.NotYet or LauncherView.Gone => new Conclude(GoneOf(seen)),
        LauncherView.Waiting => new Launch(),
        LauncherView.Ended => new Conclude(EndingOf(seen)),
        LauncherView.Anchor => new Stay(MachinePhase.Moved, "", Timeout.InfiniteTimeSpan),
        _ when seen.EndReason is not null => new EndQemu(),
        _ => Keep(record, seen),
    };

    private static MachineStep Keep(MachineRecord record, MachineObservation seen) => seen.Guest switch
    {
        GuestState.Unknown => new ConnectQemu(),
        GuestState.Incoming => new Stay(MachinePhase.Incoming, "", Watching),
        _ when seen.MigrationId is { } migration => UnderMigration(record, seen, migration),
        // Loaded by a migration that has ended without leave to run it: its end is the migration's to bring about.
        GuestState.Paused when record is { Plan.Incoming: true, Arrival: null } => new Stay(MachinePhase.Incoming, "loaded", Watching),
        GuestState.Prelaunch or GuestState.Paused when !record.Paused => Tended(MachinePhase.Starting, InterfaceStep.BeforeRun(record, seen)) ?? new Run(),
        GuestState.Prelaunch or GuestState.Paused => Tended(MachinePhase.Paused, InterfaceStep.WhileRunning(record, seen)) ?? new Stay(MachinePhase.Paused, "paused on request", Watching),
        GuestState.Running when record.Paused => new Halt(),
        GuestState.Running when seen is { Stopping: true, PoweringDown: false } => new PowerDown(),
        GuestState.Running => Tended(MachinePhase.Running, InterfaceStep.WhileRunning(record, seen)) ?? new Stay(MachinePhase.Running, InterfaceStep.Outstanding(record, seen), Watching),
        GuestState.Halted => new Stay(MachinePhase.Paused, "QEMU stopped the guest", Watching),
        _ => new Stay(MachinePhase.Paused, "stopped for a migration", Watching),
    };

    private static MachineStep? Tended(MachinePhase phase, InterfaceStep? step) => step is null ? null : new Tend(phase, step);

    private static MachineStep UnderMigration(MachineRecord record, MachineObservation seen, string migration) => seen.Guest switch
    {
        GuestState.Running => new Stay(MachinePhase.Running, "", Watching),
        _ when record.Plan.Incoming && record.Arrival is null => new Stay(MachinePhase.Incoming, $"loaded by migration {migration}", Watching),
        _ => new Stay(MachinePhase.Paused, $"stopped for migration {migration}", Watching),
    };

    private static MachineStep Leave(MachineRecord record, MachineObservation seen) => seen.Launcher switch
    {
        LauncherView.Running when record.Anchor => new BecomeAnchor(),
        LauncherView.Running => new EndQemu(),
        LauncherView.Anchor => new Stay(MachinePhase.Moved, "keeps the guest's address", Timeout.InfiniteTimeSpan),
        _ => new Stay(MachinePhase.Moved, "", Timeout.InfiniteTimeSpan),
    };

    private static MachineStep Delete(MachineRecord record, MachineObservation seen, Deletion deletion)
    {
        if (seen.MigrationId is { } migration)
            return new Stay(MachinePhase.Paused, $"deleted once migration {migration} has ended", Watching);
        if (seen.Launcher is LauncherView.Gone or LauncherView.Ended || (seen.Launcher is LauncherView.NotYet && record.LaunchId is null))
            return new Forget();
        var left = deletion.Since + deletion.GracePeriod - seen.Now;
        if (seen.Guest is not GuestState.Running || record.Moved || left <= TimeSpan.Zero)
            return new EndQemu();
        return seen.PoweringDown ? new Stay(MachinePhase.Running, "shutting down", left < Watching ? left : Watching) : new PowerDown();
    }

    private static Ending GoneOf(MachineObservation seen) =>
        seen.EndReason is { } reason ? new(MachinePhase.Failed, reason)
        : seen.GuestShutDown ? new(MachinePhase.Stopped, "the guest shut down")
        : new(MachinePhase.Failed, "the launcher is gone");

    private static Ending EndingOf(MachineObservation seen) =>
        seen.EndReason is { } reason ? new(MachinePhase.Failed, reason)
        : seen is { ExitCode: 0, ExitSignal: 0 } ? new(MachinePhase.Stopped, "the guest shut down")
        : seen.ExitSignal != 0 ? new(MachinePhase.Failed, Words($"QEMU was ended by signal {seen.ExitSignal}", seen.LastWords))
        : new(MachinePhase.Failed, Words($"QEMU ended with code {seen.ExitCode}", seen.LastWords));

    private static string Words(string what, string lastWords) =>
        lastWords.Trim() is { Length: > 0 } words ? $"{what}: {words}" : what;
}
