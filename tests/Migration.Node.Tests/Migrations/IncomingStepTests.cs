using Migration.Node.Machines;
using Migration.Node.Migrations;

namespace Migration.Node.Tests.Migrations;

/// <summary>The target's table: record × what QEMU says → what is decided, and done about it.</summary>
public sealed class IncomingStepTests
{
    private static readonly IncomingRecord New = new() { Id = "m", MachineId = "x", SourceNode = "a", Token = [1] };

    [Fact]
    public void Only_a_loaded_guest_that_was_handed_over_is_activated()
    {
        foreach (var copy in Enum.GetValues<CopyState>())
        {
            foreach (var handedOver in new[] { false, true })
            {
                var activates = Next(New with { HandedOver = handedOver }, copy) is IncomingStep.Decide { Verdict: Verdict.Activated };
                Assert.Equal(copy is CopyState.Completed && handedOver, activates);
            }
        }
    }

    [Fact]
    public void Guest_runs_only_after_the_verdict_is_written_down()
    {
        foreach (var copy in Enum.GetValues<CopyState>())
        {
            Assert.IsNotType<IncomingStep.Activate>(Next(New with { HandedOver = true }, copy));
            Assert.IsNotType<IncomingStep.Activate>(Next(New with { Verdict = Verdict.Aborted }, copy));
        }

        Assert.IsType<IncomingStep.Activate>(Next(New with { Verdict = Verdict.Activated }, CopyState.Completed, GuestState.Paused));
    }

    [Fact]
    public void Activated_guest_that_runs_is_the_end_of_it()
    {
        var activated = New with { Verdict = Verdict.Activated };
        Assert.IsType<IncomingStep.Activate>(Next(activated, CopyState.Completed, GuestState.Running));
        Assert.Equal(new IncomingStep.Finish(MigrationPhase.Succeeded, ""), Next(activated with { ResumedAt = DateTimeOffset.UnixEpoch }, CopyState.Completed, GuestState.Running));
        Assert.Equal(new IncomingStep.Finish(MigrationPhase.Succeeded, ""), Next(activated, CopyState.Gone));
    }

    [Fact]
    public void Verdict_never_changes()
    {
        foreach (var copy in Enum.GetValues<CopyState>())
        {
            var aborted = New with { Verdict = Verdict.Aborted, HandedOver = true, Reason = "r" };
            Assert.True(Next(aborted, copy) is IncomingStep.EndQemu or IncomingStep.Finish { Phase: MigrationPhase.Failed, Reason: "r" });
            var activated = New with { Verdict = Verdict.Activated, AbortReason = "late" };
            Assert.True(Next(activated, copy) is IncomingStep.Activate or IncomingStep.Wait or IncomingStep.Finish { Phase: MigrationPhase.Succeeded });
        }
    }

    [Theory]
    [InlineData(CopyState.Gone)]
    [InlineData(CopyState.Failed)]
    [InlineData(CopyState.Cancelled)]
    public void Copy_that_did_not_arrive_is_aborted(object copy) =>
        Assert.Equal(Verdict.Aborted, Assert.IsType<IncomingStep.Decide>(Next(New with { HandedOver = true }, (CopyState)copy)).Verdict);

    [Fact]
    public void Request_to_abort_is_heard_while_nothing_is_decided()
    {
        foreach (var copy in Enum.GetValues<CopyState>())
            Assert.Equal(new IncomingStep.Decide(Verdict.Aborted, "asked"), Next(New with { AbortReason = "asked" }, copy));
    }

    [Fact]
    public void Source_that_never_comes_is_not_waited_for_for_ever()
    {
        var late = new IncomingObservation { Copy = CopyState.Setup, Elapsed = IncomingStep.Patience + TimeSpan.FromSeconds(1) };
        Assert.Equal(Verdict.Aborted, Assert.IsType<IncomingStep.Decide>(IncomingStep.Next(New, late)).Verdict);
        Assert.IsType<IncomingStep.Wait>(IncomingStep.Next(New, late with { Connected = true }));
    }

    [Fact]
    public void Connection_that_ends_is_not_the_end_until_qemu_had_time_to_load_what_had_arrived()
    {
        var ended = new IncomingObservation { Copy = CopyState.Active, Connected = true, Broken = "it was closed", Elapsed = TimeSpan.FromMinutes(10) };
        Assert.IsType<IncomingStep.Wait>(IncomingStep.Next(New, ended));
        Assert.Equal(Verdict.Aborted, Assert.IsType<IncomingStep.Decide>(IncomingStep.Next(New, ended with { BrokenFor = TimeSpan.FromSeconds(11) })).Verdict);
    }

    [Fact]
    public void Loaded_guest_waits_for_the_sources_word_for_ever()
    {
        var seen = new IncomingObservation { Copy = CopyState.Completed, Guest = GuestState.Paused, Connected = true, Broken = "it was closed", Elapsed = TimeSpan.FromDays(1), BrokenFor = TimeSpan.FromDays(1) };
        Assert.Equal(MigrationPhase.Switching, Assert.IsType<IncomingStep.Wait>(IncomingStep.Next(New, seen)).Phase);
    }

    private static IncomingStep Next(IncomingRecord record, CopyState copy, GuestState guest = GuestState.Unknown) =>
        IncomingStep.Next(record, new() { Copy = copy, Guest = guest });
}
