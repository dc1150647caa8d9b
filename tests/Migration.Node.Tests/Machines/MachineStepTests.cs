using Migration.Node.Machines;

namespace Migration.Node.Tests.Machines;

/// <summary>The table of a machine's life: record × what was seen → what is done next.</summary>
public sealed class MachineStepTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20000);
    private static readonly MachineRecord Fresh = new() { Plan = new() { Id = "m", Pod = new("ns", "pod", "uid"), MemoryBytes = 1 } };
    private static readonly MachineRecord Launched = Fresh with { LaunchId = "l" };
    private static readonly MachineRecord Incoming = Launched with { Plan = Launched.Plan with { Incoming = true } };
    private static readonly MachineRecord Arrived = Incoming with { Arrival = new("mig", "a", Now) };
    private static readonly MachineObservation Up = new() { Attached = true, Launcher = LauncherView.Running, Guest = GuestState.Running, Now = Now };

    [Fact]
    public void Without_its_network_a_machine_waits() => Stays(MachinePhase.Planned, Fresh, new() { Launcher = LauncherView.Waiting });

    [Fact]
    public void Without_its_launcher_a_machine_waits_and_looks_again_soon()
    {
        var stay = Stays(MachinePhase.Starting, Fresh, new() { Attached = true });
        Assert.InRange(stay.LookAgain, TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(25));
    }

    [Fact]
    public void Launcher_that_waits_is_told_to_launch_even_if_it_was_told_before()
    {
        Assert.IsType<MachineStep.Launch>(MachineStep.Next(Fresh, Up with { Launcher = LauncherView.Waiting }));
        Assert.IsType<MachineStep.Launch>(MachineStep.Next(Launched, Up with { Launcher = LauncherView.Waiting }));
    }

    [Fact]
    public void Launcher_that_was_there_and_is_not_has_failed_the_machine() =>
        Assert.Equal(MachinePhase.Failed, Concludes(Launched, Up with { Launcher = LauncherView.Gone }).Phase);

    [Fact]
    public void Launcher_that_went_after_the_guest_had_shut_down_has_stopped_the_machine() =>
        Assert.Equal(MachinePhase.Stopped, Concludes(Launched, Up with { Launcher = LauncherView.Gone, GuestShutDown = true }).Phase);

    [Theory]
    [InlineData(0, 0, MachinePhase.Stopped, "the guest shut down")]
    [InlineData(1, 0, MachinePhase.Failed, "QEMU ended with code 1: no such machine")]
    [InlineData(0, 9, MachinePhase.Failed, "QEMU was ended by signal 9: no such machine")]
    public void How_qemu_ended_is_told_with_its_last_words(int code, int signal, object phase, string reason)
    {
        var ending = Concludes(Launched, Up with { Launcher = LauncherView.Ended, ExitCode = code, ExitSignal = signal, LastWords = "no such machine\n" });
        Assert.Equal((MachinePhase)phase, ending.Phase);
        Assert.Equal(reason, ending.Reason);
    }

    [Fact]
    public void Qemu_that_is_not_talked_to_is_connected() => Assert.IsType<MachineStep.ConnectQemu>(MachineStep.Next(Launched, Up with { Guest = GuestState.Unknown }));

    [Fact]
    public void Guest_that_never_ran_is_let_run() => Assert.IsType<MachineStep.Run>(MachineStep.Next(Launched, Up with { Guest = GuestState.Prelaunch }));

    [Fact]
    public void Guest_that_somebody_paused_stands_still()
    {
        var paused = Launched with { Paused = true };
        Assert.IsType<MachineStep.Halt>(MachineStep.Next(paused, Up));
        Stays(MachinePhase.Paused, paused, Up with { Guest = GuestState.Paused });
        Stays(MachinePhase.Paused, paused, Up with { Guest = GuestState.Prelaunch });
    }

    [Theory]
    [InlineData(GuestState.Incoming)]
    [InlineData(GuestState.Paused)]
    public void Guest_that_arrives_is_never_let_run_by_the_machine(object guest) => Stays(MachinePhase.Incoming, Incoming, Up with { Guest = (GuestState)guest });

    [Fact]
    public void Guest_that_has_arrived_runs_like_any_other()
    {
        Stays(MachinePhase.Running, Arrived, Up);
        Assert.IsType<MachineStep.Run>(MachineStep.Next(Arrived, Up with { Guest = GuestState.Paused }));
    }

    [Theory]
    [InlineData(GuestState.Paused)]
    [InlineData(GuestState.Migrating)]
    [InlineData(GuestState.Prelaunch)]
    public void Guest_in_a_migration_is_left_to_it(object guest) =>
        Stays(MachinePhase.Paused, Launched, Up with { Guest = (GuestState)guest, MigrationId = "mig" });

    [Fact]
    public void Guest_that_a_migration_stopped_is_left_alone_even_after_the_migration_is_forgotten() =>
        Stays(MachinePhase.Paused, Launched, Up with { Guest = GuestState.Migrating });

    [Fact]
    public void Migration_that_was_given_up_ends_the_qemu_that_waited_for_it()
    {
        Assert.IsType<MachineStep.EndQemu>(MachineStep.Next(Incoming, Up with { Guest = GuestState.Incoming, MigrationId = "mig", EndReason = "given up" }));
        Assert.Equal(new Ending(MachinePhase.Failed, "given up"), Concludes(Incoming, Up with { Launcher = LauncherView.Gone, EndReason = "given up" }));
    }

    [Fact]
    public void Guest_that_moved_leaves_its_qemu_to_be_ended()
    {
        var moved = Launched with { Moved = true };
        Assert.IsType<MachineStep.EndQemu>(MachineStep.Next(moved, Up with { Guest = GuestState.Migrating }));
        Stays(MachinePhase.Moved, moved, Up with { Launcher = LauncherView.Ended });
        Stays(MachinePhase.Moved, moved, Up with { Launcher = LauncherView.Gone });
        Stays(MachinePhase.Moved, moved, Up with { Launcher = LauncherView.Anchor });
    }

    [Fact]
    public void Guest_that_left_its_address_here_leaves_a_launcher_without_qemu()
    {
        var anchor = Launched with { Moved = true, Anchor = true };
        Assert.IsType<MachineStep.BecomeAnchor>(MachineStep.Next(anchor, Up with { Guest = GuestState.Migrating }));
        Assert.Equal("keeps the guest's address", Stays(MachinePhase.Moved, anchor, Up with { Launcher = LauncherView.Anchor }).Reason);
        Stays(MachinePhase.Moved, anchor, Up with { Launcher = LauncherView.Gone });
        Assert.IsType<MachineStep.EndQemu>(MachineStep.Next(anchor with { Deletion = new(TimeSpan.Zero, Now) }, Up with { Launcher = LauncherView.Anchor, Guest = GuestState.Unknown }));
    }

    [Fact]
    public void Pod_that_is_stopped_presses_the_power_button_once()
    {
        Assert.IsType<MachineStep.PowerDown>(MachineStep.Next(Launched, Up with { Stopping = true }));
        Stays(MachinePhase.Running, Launched, Up with { Stopping = true, PoweringDown = true });
    }

    [Fact]
    public void Deleted_machine_is_shut_down_then_ended_then_forgotten()
    {
        var deleted = Launched with { Deletion = new(TimeSpan.FromSeconds(10), Now) };
        Assert.IsType<MachineStep.PowerDown>(MachineStep.Next(deleted, Up));
        Assert.IsType<MachineStep.Stay>(MachineStep.Next(deleted, Up with { PoweringDown = true, Now = Now.AddSeconds(9) }));
        Assert.IsType<MachineStep.EndQemu>(MachineStep.Next(deleted, Up with { PoweringDown = true, Now = Now.AddSeconds(10) }));
        Assert.IsType<MachineStep.Forget>(MachineStep.Next(deleted, Up with { Launcher = LauncherView.Ended }));
        Assert.IsType<MachineStep.Forget>(MachineStep.Next(deleted, Up with { Launcher = LauncherView.Gone }));
    }

    [Fact]
    public void Deleted_machine_that_was_never_launched_is_forgotten_at_once() =>
        Assert.IsType<MachineStep.Forget>(MachineStep.Next(Fresh with { Deletion = new(TimeSpan.FromSeconds(10), Now) }, new()));

    [Fact]
    public void Deleted_machine_waits_for_its_migration() =>
        Assert.IsType<MachineStep.Stay>(MachineStep.Next(Launched with { Deletion = new(TimeSpan.Zero, Now) }, Up with { MigrationId = "mig" }));

    [Fact]
    public void Ended_machine_stays_as_it_ended() => Stays(MachinePhase.Stopped, Launched with { Ending = new(MachinePhase.Stopped, "the guest shut down") }, Up);

    private static MachineStep.Stay Stays(MachinePhase phase, MachineRecord record, MachineObservation seen)
    {
        var stay = Assert.IsType<MachineStep.Stay>(MachineStep.Next(record, seen));
        Assert.Equal(phase, stay.Phase);
        return stay;
    }

    private static Ending Concludes(MachineRecord record, MachineObservation seen) => Assert.IsType<MachineStep.Conclude>(MachineStep.Next(record, seen)).Ending;
}
