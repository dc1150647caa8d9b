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
        // Only the source knows where the guest is; a pod that goes says nothing.
        { "Running", "deleting", "Incoming", "unknown", "Running", "Wait" },
        { "Running", "none", "unknown", "unknown", "Running", "Wait" },
        { "Running", "deleting", "Running", "unknown", "Succeeded", "Wait" },
        // The target is gone for good: the source may have its guest back.
        { "Running", "none", "unknown", "Undecided", "Running", "Fence" },
        { "Running", "deleting", "unknown", "Undecided", "Running", "Follow" },
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

    /// <summary>What the target says once the source's pod is confirmed deleted → phase.</summary>
    [Theory]
    [InlineData("Incoming prepared", "Failed")]
    [InlineData("absent", "Failed")]
    [InlineData("Running", "Succeeded")]
    [InlineData("unknown", "Running")]
    public void A_source_that_is_gone_for_good_is_not_waited_for(string machine, string phase)
    {
        var step = new MigrationPlan(Launchers).Next(Observed(Job("Running"), "bound", machine, "unknown") with { SourcePod = null, Source = MachineView.Unknown });

        Assert.Equal(phase, step.Status.Phase);
    }

    [Fact]
    public void The_policy_is_written_down_when_the_migration_begins_and_counts_from_then_on()
    {
        var policy = new MigrationPolicy
        {
            Metadata = new ObjectMeta { Name = "slow" },
            Spec = new MigrationPolicySpec { BandwidthPerMigration = Quantity.Parse("64Mi"), AllowAutoConverge = true, CompletionTimeoutPerGiB = 10, AllowPostCopy = true },
        };

        var begun = new MigrationPlan(Launchers).Next(Observed(Job("Pending"), "none", "unknown", "absent") with { Policy = policy });

        Assert.Equal("slow", begun.Status.MigrationState!.MigrationPolicyName);
        Assert.Equal(10, begun.Status.MigrationState.MigrationConfiguration!.CompletionTimeoutPerGiB);
        Assert.Equal("allowPostCopy", begun.Status.Conditions.Find(MigrationJobCondition.PolicyNotActedOn)!.Message);

        // Whatever policies say by now.
        var job = Job("TargetReady");
        job = job with { Status = job.Status! with { MigrationState = job.Status.MigrationState! with { MigrationConfiguration = begun.Status.MigrationState.MigrationConfiguration } } };
        var options = Assert.IsType<MigrationAction.Start>(new MigrationPlan(Launchers).Next(Observed(job, "bound", "Incoming prepared", "absent")).Action).Request.Options;
        Assert.Equal((64UL << 20, true, true, false), (options.MaxBandwidth, options.AllowAutoConverge, options.AllowWorkloadDisruption, options.AllowPlaintext));
        Assert.Equal(TimeSpan.FromSeconds(10), options.TimeLimit.ToTimeSpan());
    }

    [Fact]
    public void Without_a_policy_the_clusters_settings_count()
    {
        var step = new MigrationPlan(Launchers).Next(Observed(Job("Pending"), "none", "unknown", "absent") with { Limits = new MigrationLimits { ParallelPerCluster = 7 } });

        Assert.Null(step.Status.MigrationState!.MigrationPolicyName);
        Assert.Equal((7, 150L), (step.Status.MigrationState.MigrationConfiguration!.ParallelMigrationsPerCluster, step.Status.MigrationState.MigrationConfiguration.CompletionTimeoutPerGiB));
        Assert.Null(step.Status.Conditions?.Find(MigrationJobCondition.PolicyNotActedOn));
    }

    [Theory]
    [InlineData(150L, 512L << 20, 150)]
    [InlineData(150L, (16L << 30) + 1, 2550)]
    [InlineData(0L, 1L << 30, null)]
    [InlineData(123456789L, 1L << 50, 315360000)]
    public void The_time_limit_grows_with_the_guest(long perGiB, long memory, int? seconds) =>
        Assert.Equal(seconds, (int?)CopyOptions.TimeLimit(new MigrationConfiguration { CompletionTimeoutPerGiB = perGiB }, memory)?.TotalSeconds);

    [Fact]
    public void Where_the_target_listens_is_in_the_record()
    {
        var record = new MigrationPlan(Launchers).Next(Observed(Job("PreparingTarget"), "bound", "Incoming prepared", "absent")).Status.MigrationState!;

        Assert.Equal(("10.0.0.2", "Pod"), (record.TargetNodeAddress, record.MigrationNetworkType));
        Assert.Equal([KeyValuePair.Create("7412", 49152)], record.TargetDirectMigrationNodePorts!);
        Assert.Equal("10.0.0.2", record.TargetState!.NodeAddress);
    }

    [Fact]
    public void A_guest_that_is_stopped_for_the_rest_of_its_copy_is_reported()
    {
        var observed = Observed(Job("Running"), "bound", "Incoming", "Copying") with { Outgoing = OutgoingView.Of(new MigrationState { Phase = Protos.MigrationPhase.Copying, Paused = true }) };

        Assert.Equal("Paused", new MigrationPlan(Launchers).Next(observed).Status.MigrationState!.Mode);
    }

    /// <summary>Ended migrations, the latest first, S or F or (a user's failure) f → seconds after the latest that an evacuation waits.</summary>
    [Theory]
    [InlineData("", null)]
    [InlineData("S", null)]
    [InlineData("F", 20)]
    [InlineData("FF", 40)]
    [InlineData("FFF", 80)]
    [InlineData("FSF", 20)]
    [InlineData("SFF", null)]
    [InlineData("FfF", 40)]
    [InlineData("fF", 19)]
    public void An_evacuation_that_failed_comes_again_later_each_time(string ended, int? seconds)
    {
        var history = ended.Select((outcome, i) => Ended(outcome, age: i + 1, number: i)).ToList();

        Assert.Equal(seconds is { } wait ? Now - TimeSpan.FromSeconds(1) + TimeSpan.FromSeconds(wait) : null, MigrationBackoff.Until(history, TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public void Only_what_nobody_asked_for_by_hand_is_held_back()
    {
        var observed = Observed(Job("Pending"), "none", "unknown", "absent") with { Ended = [Ended('F', age: 1, number: 0)] };
        var evacuation = observed.Job with { Metadata = observed.Job.Metadata.WithAnnotation(Annotations.EvacuationMigration, "a") };

        var held = new MigrationPlan(Launchers).Next(observed with { Job = evacuation });

        Assert.Equal("MigrationBackoff", held.Status.Conditions.Find(MigrationJobCondition.Waiting)!.Reason);
        Assert.Equal(new MigrationAction.Wait(TimeSpan.FromSeconds(19)), held.Action);
        Assert.IsType<MigrationAction.CreatePod>(new MigrationPlan(Launchers).Next(observed).Action);
        Assert.IsType<MigrationAction.CreatePod>(new MigrationPlan(Launchers).Next(observed with { Job = evacuation, Now = Now + TimeSpan.FromSeconds(19) }).Action);
    }

    [Fact]
    public void The_last_ended_migrations_are_kept()
    {
        var history = Enumerable.Range(0, 7).Select(i => Ended('S', age: i, number: i)).ToList();

        var actions = history.Select(job => new MigrationPlan(Launchers).Next(Observed(job, "none", "unknown", "absent") with { Ended = history }).Action.GetType().Name);

        Assert.Equal(["Wait", "Wait", "Wait", "Wait", "Wait", "DeleteJob", "DeleteJob"], actions);
    }

    [Fact]
    public void A_target_that_is_still_pulled_has_the_time_that_pending_pods_have()
    {
        var observed = Observed(Job("PreparingTarget", age: TimeSpan.FromMinutes(6)), "bound", "unknown", "absent") with { TargetPod = Pod("target", "b", "Pending") };

        Assert.Equal("PreparingTarget", new MigrationPlan(Launchers).Next(observed).Status.Phase);
        Assert.Equal("Failed", new MigrationPlan(Launchers).Next(observed with { Now = Now + TimeSpan.FromMinutes(9) }).Status.Phase);
    }

    [Fact]
    public void A_guest_that_has_left_is_no_longer_to_leave()
    {
        var instance = Instance("Running");
        instance = instance with
        {
            Status = instance.Status! with { EvacuationNodeName = "a", Conditions = [new Condition { Type = InstanceCondition.EvictionRequested, Status = Condition.True }] },
        };

        var moved = new MigrationPlan(Launchers).Next(Observed(Job("Running"), "bound", "Running", "Succeeded") with { Instance = instance }).Instance!;

        Assert.Null(moved.EvacuationNodeName);
        Assert.Null(moved.Conditions.Find(InstanceCondition.EvictionRequested));
    }

    private static VirtualMachineInstanceMigration Ended(char outcome, int age, int number)
    {
        var job = Job(outcome == 'S' ? "Succeeded" : "Failed", TimeSpan.FromSeconds(age), uid: "uid-" + number);
        return job with
        {
            Metadata = outcome == 'f' ? job.Metadata with { Finalizers = null } : job.Metadata.WithAnnotation(Annotations.EvacuationMigration, "a") with { Finalizers = null },
            // A node's clock may be anywhere.
            Status = job.Status! with { MigrationState = job.Status.MigrationState! with { EndTimestamp = Now + TimeSpan.FromDays(number) } },
        };
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
        Prepared = machine.EndsWith("prepared", StringComparison.Ordinal) ? new PrepareIncomingResponse { DataEndpoint = "10.0.0.2:7412", ControlEndpoint = "10.0.0.2:7411" } : null,
        Now = Now,
    };
}
