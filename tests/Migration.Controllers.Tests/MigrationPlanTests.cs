using Migration.Api;
using Migration.Controllers.Migrations;
using Migration.Controllers.Nodes;
using Migration.Kubernetes;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>Observed → phase and action of a migration, one row each.</summary>
public sealed class MigrationPlanTests
{
    /// <summary>Phase before, target pod, target machine, what the source says → phase after, action.</summary>
    public static TheoryData<string, string, string, string, string, string> Rows() => new()
    {
        { "Pending", "none", "unknown", "absent", "Scheduling", "CreatePod" },
        { "Scheduling", "none", "unknown", "absent", "Scheduling", "CreatePod" },
        { "Scheduling", "unbound", "unknown", "absent", "Scheduling", "Wait" },
        { "Scheduling", "bound", "absent", "absent", "PreparingTarget", "EnsureMachine" },
        { "Scheduling", "bound", "unknown", "absent", "PreparingTarget", "Wait" },
        { "Scheduling", "ended", "unknown", "absent", "Failed", "Wait" },
        { "PreparingTarget", "none", "unknown", "absent", "Failed", "Wait" },
        { "PreparingTarget", "deleting", "Starting", "absent", "Failed", "Wait" },
        { "PreparingTarget", "bound", "absent", "absent", "PreparingTarget", "EnsureMachine" },
        { "PreparingTarget", "bound", "Planned", "absent", "PreparingTarget", "Wait" },
        { "PreparingTarget", "bound", "Starting", "absent", "PreparingTarget", "Wait" },
        { "PreparingTarget", "bound", "Failed", "absent", "Failed", "Wait" },
        { "PreparingTarget", "bound", "Incoming", "absent", "PreparingTarget", "Prepare" },
        { "PreparingTarget", "bound", "Incoming prepared", "absent", "TargetReady", "Wait" },
        { "TargetReady", "bound", "Incoming prepared", "absent", "Running", "Start" },
        // A new process has not heard the target's answer, and asks again.
        { "TargetReady", "bound", "Incoming", "absent", "TargetReady", "Prepare" },
        { "TargetReady", "bound", "Incoming prepared", "unknown", "TargetReady", "Wait" },
        { "TargetReady", "bound", "absent", "absent", "Failed", "Wait" },
        { "TargetReady", "bound", "unknown", "absent", "TargetReady", "Wait" },
        // The status says Running before the source is asked: an answer that was lost, or never sent for, is sought again.
        { "Running", "bound", "Incoming prepared", "absent", "Running", "Start" },
        { "Running", "bound", "Incoming", "absent", "Running", "Prepare" },
        { "Running", "bound", "Incoming prepared", "unknown", "Running", "Wait" },
        { "Running", "bound", "Incoming", "Setup", "Running", "Follow" },
        { "Running", "bound", "Incoming", "Copying", "Running", "Follow" },
        { "Running", "bound", "Incoming", "Switching", "Running", "Follow" },
        { "Running", "bound", "Running", "Switching", "Running", "Follow" },
        { "Running", "bound", "Running", "Succeeded", "Succeeded", "Wait" },
        { "Running", "bound", "Incoming", "Failed", "Failed", "Wait" },
        { "Running", "bound", "Failed", "Cancelled", "Failed", "Wait" },
        { "Running", "bound", "unknown", "Undecided", "Running", "Follow" },
        // The guest runs there: that decides it, whatever the source knows by now.
        { "Running", "bound", "Running", "Undecided", "Succeeded", "Wait" },
        { "Running", "bound", "Running", "unknown", "Succeeded", "Wait" },
        { "Running", "bound", "Running", "absent", "Succeeded", "Wait" },
        { "Running", "bound", "absent", "absent", "Failed", "Wait" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_is_observed_decides(string before, string pod, string machine, string outgoing, string after, string action)
    {
        var step = new MigrationPlan(Launchers).Next(Observed(Job(before), pod, machine, outgoing));

        Assert.Equal((after, action), (step.Status.Phase, step.Action.GetType().Name));
    }

    [Theory]
    [InlineData("Pending", "none", "unknown", "absent", "Failed", "Wait")]
    [InlineData("Scheduling", "unbound", "unknown", "absent", "Failed", "Wait")]
    [InlineData("PreparingTarget", "bound", "Starting", "absent", "Failed", "Wait")]
    [InlineData("TargetReady", "bound", "Incoming prepared", "absent", "Failed", "Wait")]
    [InlineData("Running", "bound", "Incoming", "Copying", "Running", "Cancel")]
    [InlineData("Running", "bound", "Incoming", "Switching", "Running", "Cancel")]
    [InlineData("Running", "bound", "Incoming", "Cancelled", "Failed", "Wait")]
    [InlineData("Running", "bound", "Running", "Succeeded", "Succeeded", "Wait")]
    // The guest may have left: only the source can say, so it is waited for.
    [InlineData("Running", "bound", "Incoming", "unknown", "Running", "Wait")]
    [InlineData("TargetReady", "bound", "Incoming", "unknown", "TargetReady", "Wait")]
    public void Cancelling_asks_the_source_once_it_may_have_started(string before, string pod, string machine, string outgoing, string after, string action)
    {
        var step = new MigrationPlan(Launchers).Next(Observed(Job(before).Deleting(), pod, machine, outgoing));

        Assert.Equal((after, action), (step.Status.Phase, step.Action.GetType().Name));
    }

    [Theory]
    [InlineData("Succeeded", "source Moved", "DeleteMachine uid-of-source")]
    [InlineData("Succeeded", "source absent", "DeletePod source")]
    [InlineData("Succeeded", "source unknown", "DeletePod source")]
    [InlineData("Succeeded", "source deleting", "Forget a b")]
    [InlineData("Succeeded", "source gone", "Forget a b")]
    [InlineData("Failed", "target Incoming", "DeleteMachine uid-of-target")]
    [InlineData("Failed", "target absent", "DeletePod target")]
    [InlineData("Failed", "target gone", "Forget a b")]
    public void After_the_end_the_side_without_the_guest_goes(string phase, string state, string expected)
    {
        var (side, what) = (state.Split(' ')[0], state.Split(' ')[1]);
        var observed = Observed(Job(phase), "bound", "Running", "absent");
        var view = what switch { "absent" or "deleting" => MachineView.Absent, "unknown" or "gone" => MachineView.Unknown, _ => Machine(Enum.Parse<MachinePhase>(what), pod: side) };
        var pod = what switch { "gone" => null, "deleting" => Pod(side, "a").Deleting(), _ => Pod(side, side == "source" ? "a" : "b") };
        observed = side == "source" ? observed with { SourcePod = pod, Source = view } : observed with { TargetPod = pod, Target = view };

        var step = new MigrationPlan(Launchers).Next(observed);

        Assert.Equal(phase, step.Status.Phase);
        Assert.Equal(expected, step.Action switch
        {
            MigrationAction.DeleteMachine delete => $"DeleteMachine {delete.Id}",
            MigrationAction.DeletePod delete => $"DeletePod {delete.Pod.Metadata.Name}",
            MigrationAction.Forget forget => "Forget " + string.Join(' ', forget.Nodes),
            var other => other.ToString(),
        });
    }

    [Fact]
    public void A_target_that_takes_too_long_fails_the_migration()
    {
        var slow = Observed(Job("PreparingTarget", age: TimeSpan.FromMinutes(6)), "bound", "Starting", "absent");

        var step = new MigrationPlan(Launchers).Next(slow);

        Assert.Equal("Failed", step.Status.Phase);
        Assert.StartsWith("the target was not ready within 300 s", step.Status.MigrationState!.FailureReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(299, null, "Scheduling")]
    [InlineData(300, null, "Failed")]
    [InlineData(10, "5", "Failed")]
    [InlineData(400, "500", "Scheduling")]
    [InlineData(300, "not a number", "Failed")]
    public void A_target_that_no_node_takes_is_waited_for_as_long_as_is_said(int seconds, string? annotation, string phase)
    {
        var job = Job("Scheduling", age: TimeSpan.FromSeconds(seconds));
        if (annotation is not null)
            job = job with { Metadata = job.Metadata.WithAnnotation(Annotations.UnschedulableTimeout, annotation) };
        var observed = Observed(job, "unbound", "unknown", "absent");

        var step = new MigrationPlan(Launchers).Next(observed with { TargetPod = observed.TargetPod!.Unschedulable("no room") });

        Assert.Equal(phase, step.Status.Phase);
    }

    [Fact]
    public void An_instance_that_does_not_run_yet_is_waited_for()
    {
        var step = new MigrationPlan(Launchers).Next(Observed(Job("Pending"), "none", "unknown", "absent") with { Instance = Instance("Scheduled") });

        Assert.Equal("Pending", step.Status.Phase);
        Assert.Equal("InstanceNotRunning", step.Status.Conditions.Find(MigrationJobCondition.Waiting)!.Reason);
    }

    [Fact]
    public void An_instance_that_cannot_migrate_says_why()
    {
        var instance = Instance("Running");
        instance = instance with { Status = instance.Status! with { Conditions = [new Condition { Type = InstanceCondition.LiveMigratable, Status = Condition.False, Reason = "DisksNotLiveMigratable" }] } };

        var step = new MigrationPlan(Launchers).Next(Observed(Job("Pending"), "none", "unknown", "absent") with { Instance = instance });

        Assert.Equal("VirtualMachineInstance vm is not migratable: DisksNotLiveMigratable", step.Status.MigrationState!.FailureReason);
    }

    [Theory]
    [InlineData(MigrationJobPhase.Running, 0, "Failed")]
    [InlineData(MigrationJobPhase.Pending, 10, "Failed")]
    [InlineData(MigrationJobPhase.Pending, 0, "Scheduling")]
    public void Of_two_migrations_the_one_that_got_further_goes_first_then_the_older(string rivals, int olderBySeconds, string phase)
    {
        var rival = Job(rivals, TimeSpan.FromSeconds(olderBySeconds), "33333333-3333-3333-3333-333333333333", "rival");

        var step = new MigrationPlan(Launchers).Next(Observed(Job("Pending"), "none", "unknown", "absent") with { Rivals = [rival] });

        Assert.Equal(phase, step.Status.Phase);
    }

    [Fact]
    public void A_guest_that_arrived_is_written_into_the_instance()
    {
        var instance = Instance("Running");
        instance = instance with { Status = instance.Status! with { MigrationState = Job("Running").Status!.MigrationState } };

        var step = new MigrationPlan(Launchers).Next(Observed(Job("Running"), "bound", "Running", "Succeeded") with { Instance = instance });

        Assert.Equal("b", step.Instance!.NodeName);
        Assert.Equal((true, null), (step.Instance.MigrationState!.Completed, step.Instance.MigrationState.Failed));
    }

    [Fact]
    public void A_failure_is_written_into_the_instance_only_if_it_knows_of_the_migration()
    {
        var knows = Instance("Running");
        knows = knows with { Status = knows.Status! with { MigrationState = Job("Running").Status!.MigrationState } };
        var observed = Observed(Job("Running"), "bound", "Incoming", "Failed");

        Assert.True(new MigrationPlan(Launchers).Next(observed with { Instance = knows }).Instance!.MigrationState!.Failed);
        Assert.Null(new MigrationPlan(Launchers).Next(observed).Instance);
    }

    [Fact]
    public void The_finalizer_comes_before_everything_else()
    {
        var bare = Job() with { Metadata = Job().Metadata with { Finalizers = null } };

        Assert.IsType<MigrationAction.AddFinalizer>(new MigrationPlan(Launchers).Next(Observed(bare, "none", "unknown", "absent")).Action);
        Assert.IsType<MigrationAction.Wait>(new MigrationPlan(Launchers).Next(Observed(bare.Deleting(), "none", "unknown", "absent")).Action);
    }

    private static MigrationObservation Observed(VirtualMachineInstanceMigration job, string pod, string machine, string outgoing) => new()
    {
        Job = job,
        Instance = Instance("Running"),
        SourcePod = Pod("source", "a"),
        TargetPod = pod switch
        {
            "none" => null,
            "unbound" => Pod("target", phase: "Pending"),
            "bound" => Pod("target", "b"),
            "ended" => Pod("target", "b", "Failed"),
            "deleting" => Pod("target", "b").Deleting(),
            _ => throw new ArgumentOutOfRangeException(nameof(pod), pod, null),
        },
        Source = Machine(MachinePhase.Running),
        Target = machine.Split(' ')[0] switch
        {
            "unknown" => MachineView.Unknown,
            "absent" => MachineView.Absent,
            var phase => Machine(Enum.Parse<MachinePhase>(phase), "the node's reason", "target"),
        },
        Outgoing = outgoing switch
        {
            "unknown" => OutgoingView.Unknown,
            "absent" => OutgoingView.Absent,
            _ => Outgoing(Enum.Parse<MigrationPhase>(outgoing)),
        },
        IsPrepared = machine.EndsWith("prepared", StringComparison.Ordinal),
        Now = Now,
    };
}
