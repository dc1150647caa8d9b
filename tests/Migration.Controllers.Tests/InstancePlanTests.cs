using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>Observed → phase and action of an instance, one row each.</summary>
public sealed class InstancePlanTests
{
    private static readonly string Current = LauncherPods.Name(Instance(), Instance().Metadata.Uid!);

    /// <summary>Phase before, pod, machine → phase after, action.</summary>
    public static TheoryData<string?, string, string, string, string> Rows() => new()
    {
        { null, "none", "unknown", "Pending", "CreatePod" },
        { "Pending", "none", "unknown", "Pending", "CreatePod" },
        { "Scheduling", "none", "unknown", "Pending", "CreatePod" },
        { "Scheduled", "none", "unknown", "Failed", "Wait" },
        { "Running", "none", "unknown", "Failed", "Wait" },
        { "Pending", "unbound", "unknown", "Scheduling", "Wait" },
        { "Scheduling", "bound", "unknown", "Scheduled", "Wait" },
        { "Scheduling", "bound", "absent", "Scheduled", "EnsureMachine" },
        { "Scheduled", "bound", "Planned", "Scheduled", "Wait" },
        { "Scheduled", "bound", "Starting", "Scheduled", "Wait" },
        { "Scheduled", "bound", "Running", "Running", "Wait" },
        { "Scheduled", "bound", "Paused", "Running", "Wait" },
        { "Running", "bound", "Running", "Running", "Wait" },
        // A node that cannot be asked is no reason to believe anything new.
        { "Running", "bound", "unknown", "Running", "Wait" },
        { "Running", "bound", "Starting", "Running", "Wait" },
        { "Running", "bound", "absent", "Running", "EnsureMachine" },
        { "Running", "bound", "Stopped", "Succeeded", "Wait" },
        { "Running", "bound", "Failed", "Failed", "Wait" },
        { "Scheduled", "bound", "Failed", "Failed", "Wait" },
        { "Running", "bound", "Moved", "Running", "Wait" },
        // The node has the last word on how the guest ended.
        { "Running", "ended well", "Failed", "Failed", "Wait" },
        { "Running", "ended badly", "Stopped", "Succeeded", "Wait" },
        { "Running", "ended badly", "unknown", "Failed", "Wait" },
        { "Running", "ended badly", "Running", "Failed", "Wait" },
        { "Running", "ended well", "absent", "Succeeded", "Wait" },
        { "Running", "ended well", "Moved", "Running", "Wait" },
        { "Running", "deleting", "Running", "Running", "Wait" },
        { "Running", "deleting", "absent", "Failed", "Wait" },
        // Nobody can say whether the guest has ended: it may run on.
        { "Running", "deleting", "unknown", "Running", "Wait" },
        { "Succeeded", "ended well", "Stopped", "Succeeded", "DeleteMachine" },
        { "Failed", "ended badly", "Failed", "Failed", "DeleteMachine" },
        { "Succeeded", "ended well", "absent", "Succeeded", "Wait" },
        { "Succeeded", "none", "unknown", "Succeeded", "Wait" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_is_observed_decides(string? before, string pod, string machine, string after, string action)
    {
        var step = new InstancePlan(Launchers).Next(Observed(Instance(before), pod, machine));

        Assert.Equal((after, action), (step.Status.Phase, step.Action.GetType().Name));
    }

    [Theory]
    [InlineData("none", "unknown")]
    [InlineData("ended well", "absent")]
    [InlineData("ended badly", "unknown")]
    [InlineData("bound", "absent")]
    [InlineData("bound", "Failed")]
    [InlineData("bound", "Moved")]
    public void While_the_guest_is_between_nodes_its_source_is_not_judged(string pod, string machine)
    {
        var observed = Observed(Instance("Running"), pod, machine) with { Migrations = [Job(MigrationJobPhase.Running)] };

        var step = new InstancePlan(Launchers).Next(observed);

        Assert.Equal(("Running", "Wait"), (step.Status.Phase, step.Action.GetType().Name));
    }

    [Fact]
    public void A_migration_that_waits_its_turn_does_not_hide_a_crash()
    {
        var observed = Observed(Instance("Running"), "bound", "Failed") with { Migrations = [Job(MigrationJobPhase.Pending)] };

        Assert.Equal("Failed", new InstancePlan(Launchers).Next(observed).Status.Phase);
    }

    [Theory]
    [InlineData("bound", "Running", "DeleteMachine")]
    [InlineData("bound", "absent", "DeletePod")]
    [InlineData("bound", "unknown", "DeletePod")]
    [InlineData("unbound", "unknown", "DeletePod")]
    [InlineData("deleting", "Running", "DeleteMachine")]
    [InlineData("deleting", "absent", "Wait")]
    [InlineData("none", "unknown", "RemoveFinalizer")]
    public void Deletion_takes_machine_then_pod_then_finalizer(string pod, string machine, string action) =>
        Assert.Equal(action, new InstancePlan(Launchers).Next(Observed(Instance("Running").Deleting(), pod, machine)).Action.GetType().Name);

    [Fact]
    public void Deletion_waits_for_a_migration_to_be_given_up_but_not_for_one_that_nobody_can_decide()
    {
        var moving = Job(MigrationJobPhase.Running);
        var undecided = moving with
        {
            Status = moving.Status! with { Conditions = [new Condition { Type = MigrationJobCondition.Undecided, Status = Condition.True }] },
        };
        var observed = Observed(Instance("Running").Deleting(), "bound", "Running");

        Assert.IsType<InstanceAction.Wait>(new InstancePlan(Launchers).Next(observed with { Migrations = [moving] }).Action);
        Assert.IsType<InstanceAction.DeleteMachine>(new InstancePlan(Launchers).Next(observed with { Migrations = [undecided] }).Action);
    }

    [Theory]
    [InlineData("Running", "Running", "PodTerminating")]
    [InlineData("unknown", "Running", "PodTerminating")]
    [InlineData("absent", "Succeeded", "GuestNotRunning")]
    public void A_guest_that_is_being_shut_down_is_not_ready_and_has_succeeded_in_the_end(string machine, string phase, string reason)
    {
        var status = new InstancePlan(Launchers).Next(Observed(Instance("Running").Deleting(), "bound", machine)).Status;

        Assert.Equal((phase, reason), (status.Phase, status.Conditions.Find(InstanceCondition.Ready)!.Reason));
    }

    [Fact]
    public void The_guest_gets_the_grace_that_the_spec_gives_by_now()
    {
        var hasty = Instance("Running", """{"domain":{"devices":{},"memory":{"guest":"512Mi"}},"terminationGracePeriodSeconds":0}""");

        var delete = Assert.IsType<InstanceAction.DeleteMachine>(new InstancePlan(Launchers).Next(Observed(hasty.Deleting(), "bound", "Running")).Action);

        Assert.Equal(TimeSpan.Zero, delete.Grace);
    }

    /// <summary>Annotation, startStrategy, the machine's phase, whether it was asked to stand still → action, Paused's reason.</summary>
    [Theory]
    [InlineData("true", "", "Running", false, "SetPaused", null)]
    [InlineData("true", "", "Paused", true, "Wait", "PausedByUser")]
    [InlineData(null, "", "Paused", true, "SetPaused", "PausedByUser")]
    [InlineData(null, "", "Paused", false, "Wait", "PausedIOError")]
    [InlineData(null, "", "Running", false, "Wait", null)]
    [InlineData(null, "Paused", "Paused", true, "Wait", "PausedByUser")]
    [InlineData("false", "Paused", "Paused", true, "SetPaused", "PausedByUser")]
    [InlineData("false", "Paused", "Running", false, "Wait", null)]
    public void A_guest_stands_still_when_it_is_asked_to(string? annotation, string strategy, string machine, bool asked, string action, string? reason)
    {
        var spec = $$$"""{"domain":{"devices":{},"memory":{"guest":"512Mi"}},"startStrategy":"{{{strategy}}}"}""";
        var instance = Instance("Running", spec);
        if (annotation is not null)
            instance = instance with { Metadata = instance.Metadata.WithAnnotation(Annotations.Paused, annotation) };
        var observed = Observed(instance, "bound", machine);
        observed.CurrentMachine.Machine!.Paused = asked;

        var step = new InstancePlan(Launchers).Next(observed);

        Assert.Equal((action, reason), (step.Action.GetType().Name, step.Status.Conditions.Find(InstanceCondition.Paused)?.Reason));
        Assert.IsType<InstanceAction.Wait>(new InstancePlan(Launchers).Next(observed with { Migrations = [Job(MigrationJobPhase.Running)] }).Action);
    }

    [Fact]
    public void An_image_that_cannot_be_had_is_said_in_the_runtimes_word()
    {
        var observed = Observed(Instance("Scheduled"), "bound", "Planned");
        var waiting = new ContainerStatus { Name = "compute", State = new ContainerState { Waiting = new ContainerWaiting { Reason = "ErrImagePull", Message = "no such image" } } };

        var step = new InstancePlan(Launchers).Next(observed with { Pods = [observed.Pods[0] with { Status = new PodStatus { Phase = "Pending", ContainerStatuses = [waiting] } }] });

        Assert.Equal("ErrImagePull", step.Status.Conditions.Find(InstanceCondition.Synchronized)!.Reason);
    }

    [Fact]
    public void The_finalizer_comes_before_everything_else()
    {
        var bare = Instance() with { Metadata = Instance().Metadata with { Finalizers = null } };

        var step = new InstancePlan(Launchers).Next(Observed(bare, "none", "unknown"));

        Assert.IsType<InstanceAction.AddFinalizer>(step.Action);
        Assert.Null(step.Status.Phase);
    }

    [Fact]
    public void The_nodes_name_is_repeated_as_a_label()
    {
        var moved = Instance("Running") with { Metadata = Instance().Metadata.WithLabel(Labels.NodeName, "elsewhere") };

        Assert.Equal(new InstanceAction.LabelNode("a"), new InstancePlan(Launchers).Next(Observed(moved, "bound", "Running")).Action);
    }

    [Fact]
    public void Looking_twice_changes_nothing()
    {
        var observed = Observed(Instance("Scheduled"), "bound", "Running");
        var once = new InstancePlan(Launchers).Next(observed);
        var again = new InstancePlan(Launchers).Next(observed with { Instance = observed.Instance with { Status = once.Status }, Now = Now.AddHours(1) });

        Assert.True(KubeVirt.Instances.Same(observed.Instance with { Status = once.Status }, observed.Instance with { Status = again.Status }));
    }

    [Fact]
    public void A_pod_without_a_node_says_why()
    {
        var observed = Observed(Instance("Scheduling"), "unbound", "unknown");
        var step = new InstancePlan(Launchers).Next(observed with { Pods = [observed.Pods[0].Unschedulable("0/2 nodes are available: 2 Insufficient memory.")] });

        var ready = step.Status.Conditions.Find(InstanceCondition.Ready)!;
        Assert.Equal(("Unschedulable", "0/2 nodes are available: 2 Insufficient memory."), (ready.Reason, ready.Message));
    }

    [Fact]
    public void The_latest_migration_says_which_pod_counts()
    {
        var moved = Instance("Running") with { Status = new() { Phase = "Running", MigrationState = new() { Completed = true, SourcePod = "source", TargetPod = "target" } } };
        var stayed = Instance("Running") with { Status = new() { Phase = "Running", MigrationState = new() { Completed = true, Failed = true, SourcePod = "source", TargetPod = "target" } } };
        var moving = Instance("Running") with { Status = new() { Phase = "Running", MigrationState = new() { SourcePod = "source", TargetPod = "target" } } };

        Assert.Equal("target", InstanceObservation.CurrentPodOf(moved));
        Assert.Equal("source", InstanceObservation.CurrentPodOf(stayed));
        Assert.Equal("source", InstanceObservation.CurrentPodOf(moving));
        Assert.Equal(Current, InstanceObservation.CurrentPodOf(Instance()));
    }

    [Theory]
    [InlineData("bound")]
    [InlineData("deleting")]
    public void A_guest_on_a_node_that_does_not_answer_counts_as_running_there_and_is_not_ready(string pod)
    {
        var status = new InstancePlan(Launchers).Next(Observed(Instance("Running"), pod, "unknown") with { LostNodes = new HashSet<string> { "a" } }).Status;

        Assert.Equal(("Running", Condition.False, "NodeNotReady"), (status.Phase, status.Conditions.Find(InstanceCondition.Ready)!.Status, status.Conditions.Find(InstanceCondition.Ready)!.Reason));
    }

    [Fact]
    public void A_node_service_that_answers_counts_more_than_a_kubelet_that_does_not()
    {
        var status = new InstancePlan(Launchers).Next(Observed(Instance("Running"), "bound", "Running") with { LostNodes = new HashSet<string> { "a" } }).Status;

        Assert.True(status.Conditions.IsTrue(InstanceCondition.Ready));
    }

    [Fact]
    public void A_guest_whose_pod_is_confirmed_deleted_has_failed_with_its_node()
    {
        var status = new InstancePlan(Launchers).Next(Observed(Instance("Running"), "none", "unknown") with { LostNodes = new HashSet<string> { "a" } }).Status;

        Assert.Equal(("Failed", "NodeUnresponsive"), (status.Phase, status.Reason));
    }

    [Theory]
    [InlineData("unknown", true)]
    // The node answers, whatever somebody says of it: its kubelet deletes the pod when it is told to.
    [InlineData("Running", false)]
    public void Pods_of_a_node_that_is_out_of_service_are_not_waited_for(string machine, bool deleted)
    {
        foreach (var instance in new[] { Instance("Running"), Instance("Running").Deleting(), Instance("Failed") })
        {
            var step = new InstancePlan(Launchers).Next(Observed(instance, "deleting", machine) with { OutOfServiceNodes = new HashSet<string> { "a" } });
            Assert.Equal(deleted, step.Action is InstanceAction.DeletePod { AtOnce: true });
        }
    }

    private static InstanceObservation Observed(VirtualMachineInstance instance, string pod, string machine)
    {
        Pod[] pods = pod switch
        {
            "none" => [],
            "unbound" => [Pod(Current, phase: "Pending")],
            "bound" => [Pod(Current, "a")],
            "ended well" => [Pod(Current, "a", "Succeeded")],
            "ended badly" => [Pod(Current, "a", "Failed")],
            "deleting" => [Pod(Current, "a").Deleting()],
            _ => throw new ArgumentOutOfRangeException(nameof(pod), pod, null),
        };
        var view = machine switch
        {
            "unknown" => MachineView.Unknown,
            "absent" => MachineView.Absent,
            _ => Machine(Enum.Parse<MachinePhase>(machine), "the node's reason", Current),
        };
        return new InstanceObservation { Instance = instance, Pods = pods, Machines = pods.ToDictionary(p => p.Uid, _ => view), Now = Now };
    }
}
