using Migration.Node.Machines;
using Migration.Node.Migrations;

namespace Migration.Node.Tests.Migrations;

/// <summary>The source's table: record × what QEMU and the target say → what is done next.</summary>
public sealed class OutgoingStepTests
{
    private static readonly OutgoingLimits Limits = new();
    private static readonly OutgoingRecord New = new() { Id = "m", MachineId = "x", TargetNode = "b", DataEndpoint = "1.1.1.1:1", ControlEndpoint = "1.1.1.1:2", Token = [1] };
    private static readonly OutgoingRecord Begun = New with { Begun = true };
    private static readonly OutgoingRecord Switching = Begun with { Phase = MigrationPhase.Switching };
    private static readonly OutgoingRecord Cancelled = Begun with { CancelReason = "because", CancelRequested = true };

    [Fact]
    public void New_migration_begins_whatever_an_earlier_one_left_in_qemu()
    {
        foreach (var left in new[] { CopyState.None, CopyState.Failed, CopyState.Cancelled, CopyState.Completed })
            Assert.IsType<OutgoingStep.Begin>(Next(New, left, GuestState.Running));
    }

    [Fact]
    public void Migration_that_was_cancelled_before_it_began_ends() =>
        Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Cancelled, "because"), Next(New with { CancelReason = "because", CancelRequested = true }, CopyState.None, GuestState.Running));

    [Theory]
    [InlineData(CopyState.Setup)]
    [InlineData(CopyState.Active)]
    [InlineData(CopyState.PreSwitchover)]
    public void Cancel_takes_the_copy_back_in_every_state_before_the_switch_over(object copy) =>
        Assert.Equal(new OutgoingStep.GiveUp("because"), Next(Cancelled, (CopyState)copy, GuestState.Running));

    [Theory]
    [InlineData(CopyState.Setup)]
    [InlineData(CopyState.Active)]
    [InlineData(CopyState.PreSwitchover)]
    public void Lost_connection_takes_the_copy_back_without_waiting_for_qemu_to_notice(object copy)
    {
        var step = OutgoingStep.Next(Begun, new() { Copy = (CopyState)copy, Guest = GuestState.Migrating, Broken = "reset" }, Limits);
        Assert.Equal("the connection to node b was lost: reset", Assert.IsType<OutgoingStep.GiveUp>(step).Reason);
    }

    [Theory]
    [InlineData(false, 99, "Wait")]
    [InlineData(false, 101, "GiveUp")]
    [InlineData(true, 99, "Wait")]
    [InlineData(true, 101, "StopForTheRest")]
    [InlineData(true, 201, "GiveUp")]
    public void Copy_that_does_not_converge_ends_as_its_settings_say(bool mayStop, int seconds, string step)
    {
        var record = Begun with { Settings = new MigrationSettings { TimeLimit = TimeSpan.FromSeconds(100), MayStop = mayStop } };

        Assert.Equal(step, OutgoingStep.Next(record, Active(seconds), Limits).GetType().Name);
    }

    [Fact]
    public void Guest_that_is_stopped_for_the_rest_gets_the_time_that_the_rest_takes()
    {
        var record = Begun with { Stopping = true, Settings = new MigrationSettings { TimeLimit = TimeSpan.FromSeconds(100), MayStop = true } };

        Assert.IsType<OutgoingStep.Wait>(OutgoingStep.Next(record, Active(150), Limits));
        Assert.IsType<OutgoingStep.Wait>(OutgoingStep.Next(record, Active(150) with { Copy = CopyState.Device, InState = TimeSpan.FromSeconds(125) }, Limits));
        Assert.IsType<OutgoingStep.GiveUp>(OutgoingStep.Next(record, Active(250) with { Copy = CopyState.Device, InState = TimeSpan.FromSeconds(135) }, Limits));
    }

    [Fact]
    public void Guest_runs_on_here_once_its_target_is_fenced_unless_the_target_says_otherwise()
    {
        var fenced = Switching with { Phase = MigrationPhase.Undecided, TargetFenced = true };
        OutgoingObservation Seen(TargetWord word, CopyState copy = CopyState.Completed) => new() { Copy = copy, Guest = GuestState.Migrating, Target = word };

        Assert.IsType<OutgoingStep.ResumeHere>(OutgoingStep.Next(fenced, Seen(TargetWord.Unreachable), Limits));
        Assert.IsType<OutgoingStep.HandOver>(OutgoingStep.Next(fenced with { TargetFenced = false }, Seen(TargetWord.Unreachable), Limits));
        Assert.IsType<OutgoingStep.HandOver>(OutgoingStep.Next(fenced, Seen(TargetWord.NotAsked), Limits));
        Assert.Equal(MigrationPhase.Succeeded, Assert.IsType<OutgoingStep.Finish>(OutgoingStep.Next(fenced, Seen(TargetWord.Activated), Limits)).Phase);
        Assert.Equal(MigrationPhase.Failed, Assert.IsType<OutgoingStep.Finish>(OutgoingStep.Next(fenced, Seen(TargetWord.Unreachable, CopyState.Gone), Limits)).Phase);
    }

    private static OutgoingObservation Active(int seconds) => new() { Copy = CopyState.Active, Guest = GuestState.Running, Elapsed = TimeSpan.FromSeconds(seconds) };

    [Fact]
    public void Stopped_guest_is_switched_over() => Assert.IsType<OutgoingStep.SwitchOver>(Next(Begun, CopyState.PreSwitchover, GuestState.Migrating));

    [Theory]
    [InlineData(CopyState.Setup, 16)]
    [InlineData(CopyState.PreSwitchover, 6)]
    [InlineData(CopyState.Device, 31)]
    public void Every_state_that_qemu_would_wait_in_for_ever_has_a_limit(object copy, int seconds)
    {
        var step = OutgoingStep.Next(Begun, new() { Copy = (CopyState)copy, Guest = GuestState.Migrating, InState = TimeSpan.FromSeconds(seconds) }, Limits);
        Assert.IsType<OutgoingStep.GiveUp>(step);
    }

    [Fact]
    public void Time_limit_ends_the_copy_but_not_a_guest_that_is_stopped_already()
    {
        var limited = Begun with { Settings = new() { TimeLimit = TimeSpan.FromSeconds(5) } };
        var late = new OutgoingObservation { Copy = CopyState.Active, Guest = GuestState.Running, Elapsed = TimeSpan.FromSeconds(6) };
        Assert.IsType<OutgoingStep.GiveUp>(OutgoingStep.Next(limited, late, Limits));
        Assert.IsType<OutgoingStep.SwitchOver>(OutgoingStep.Next(limited, late with { Copy = CopyState.PreSwitchover, Guest = GuestState.Migrating }, Limits));
    }

    [Theory]
    [InlineData(TargetWord.NotAsked, MigrationPhase.Switching)]
    [InlineData(TargetWord.Pending, MigrationPhase.Switching)]
    [InlineData(TargetWord.Unreachable, MigrationPhase.Undecided)]
    public void Completed_copy_hands_over_and_asks_until_it_is_told(object word, object phase)
    {
        var step = Assert.IsType<OutgoingStep.HandOver>(Next(Switching, CopyState.Completed, GuestState.Migrating, (TargetWord)word));
        Assert.Equal((MigrationPhase)phase, step.Phase);
    }

    [Fact]
    public void Completed_copy_succeeds_only_by_the_targets_word() =>
        Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Succeeded, ""), Next(Switching, CopyState.Completed, GuestState.Migrating, TargetWord.Activated));

    [Fact]
    public void Activated_guest_is_the_end_of_it_whatever_qemu_says()
    {
        foreach (var copy in Enum.GetValues<CopyState>())
            Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Succeeded, ""), Next(Switching with { Verdict = Verdict.Activated }, copy, GuestState.Unknown));
    }

    [Fact]
    public void Completed_copy_is_resumed_only_by_the_word_aborted()
    {
        foreach (var word in Enum.GetValues<TargetWord>())
            Assert.Equal(word is TargetWord.Aborted, Next(Switching, CopyState.Completed, GuestState.Migrating, word) is OutgoingStep.ResumeHere);
        Assert.Equal(MigrationPhase.Failed, Assert.IsType<OutgoingStep.Finish>(Next(Switching, CopyState.Completed, GuestState.Running, TargetWord.Aborted)).Phase);
    }

    [Theory]
    [InlineData(CopyState.Failed)]
    [InlineData(CopyState.Cancelled)]
    public void Guest_that_qemu_took_back_is_resumed_if_qemu_forgets_to(object copy)
    {
        Assert.IsType<OutgoingStep.Wait>(Next(Switching, (CopyState)copy, GuestState.Migrating));
        var late = new OutgoingObservation { Copy = (CopyState)copy, Guest = GuestState.Migrating, InState = TimeSpan.FromSeconds(2) };
        Assert.IsType<OutgoingStep.ResumeHere>(OutgoingStep.Next(Switching, late, Limits));
        Assert.Equal(MigrationPhase.Failed, Assert.IsType<OutgoingStep.Finish>(Next(Switching, (CopyState)copy, GuestState.Running)).Phase);
        Assert.Equal(MigrationPhase.Cancelled, Assert.IsType<OutgoingStep.Finish>(Next(Cancelled, (CopyState)copy, GuestState.Running)).Phase);
    }

    [Fact]
    public void Reason_is_the_first_that_is_known()
    {
        var failed = new OutgoingObservation { Copy = CopyState.Failed, Guest = GuestState.Running, Error = "qemu's words", Broken = "reset" };
        Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Cancelled, "because"), OutgoingStep.Next(Cancelled, failed, Limits));
        Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Failed, "the connection to node b was lost: reset"), OutgoingStep.Next(Begun, failed, Limits));
        Assert.Equal(new OutgoingStep.Finish(MigrationPhase.Failed, "qemu's words"), OutgoingStep.Next(Begun, failed with { Broken = null }, Limits));
    }

    [Fact]
    public void Source_qemu_that_ends_during_the_copy_fails_it() =>
        Assert.Equal(MigrationPhase.Failed, Assert.IsType<OutgoingStep.Finish>(Next(Begun with { Phase = MigrationPhase.Copying }, CopyState.Gone, GuestState.Unknown)).Phase);

    [Theory]
    [InlineData(TargetWord.NotAsked)]
    [InlineData(TargetWord.Pending)]
    [InlineData(TargetWord.Unreachable)]
    public void Source_qemu_that_ends_in_the_switch_over_has_handed_over(object word) =>
        Assert.IsType<OutgoingStep.HandOver>(Next(Switching, CopyState.Gone, GuestState.Unknown, (TargetWord)word));

    [Fact]
    public void Deleted_machine_whose_qemu_is_gone_does_not_ask_for_ever()
    {
        var seen = new OutgoingObservation { Copy = CopyState.Gone, Target = TargetWord.Unreachable, Deleting = true };
        Assert.IsType<OutgoingStep.Finish>(OutgoingStep.Next(Switching, seen, Limits));
    }

    [Fact]
    public void Qemu_that_cannot_be_asked_changes_nothing()
    {
        foreach (var phase in Enum.GetValues<MigrationPhase>())
            Assert.Equal(phase, Assert.IsType<OutgoingStep.Wait>(Next(Begun with { Phase = phase }, CopyState.Unknown, GuestState.Unknown)).Phase);
    }

    private static OutgoingStep Next(OutgoingRecord record, CopyState copy, GuestState guest, TargetWord target = TargetWord.NotAsked) =>
        OutgoingStep.Next(record, new() { Copy = copy, Guest = guest, Target = target }, Limits);
}
