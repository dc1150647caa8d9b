using System.Text.Json;
using Migration.Api;
using Migration.Controllers.VirtualMachines;
using Migration.Kubernetes;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>A virtual machine and its instance → the one thing to do, and what the status says.</summary>
public sealed class VirtualMachinePlanTests
{
    private const string Uid = "33333333-3333-3333-3333-333333333333";

    /// <summary>Strategy, strategy in effect before, the instance (phase, "leaving" or none), requests → action, printable status.</summary>
    public static TheoryData<string, string, string, string, string, string> Rows() => new()
    {
        { "Always", "", "none", "", "CreateInstance", "Starting" },
        { "Always", "Always", "none", "", "CreateInstance", "Starting" },
        { "Always", "Always", "Running", "", "Wait", "Running" },
        { "Always", "Always", "Scheduling", "", "Wait", "Starting" },
        { "Always", "Always", "Succeeded", "", "DeleteInstance", "Stopped" },
        { "Always", "Always", "Failed", "", "DeleteInstance", "Stopped" },
        { "Always", "Always", "leaving", "", "Wait", "Stopping" },
        { "Always", "Always", "Running", "Stop", "DeleteInstance", "Stopping" },
        { "Always", "Always", "Running", "Stop Start", "DeleteInstance", "Stopping" },
        { "Always", "Always", "Running", "StopOther Start", "Wait", "Running" },
        { "Halted", "", "none", "", "Wait", "Stopped" },
        { "Halted", "Halted", "none", "Stop", "Wait", "Stopped" },
        { "Halted", "Halted", "none", "Start", "Update", "Stopped" },
        { "Halted", "Always", "Running", "", "DeleteInstance", "Stopping" },
        { "Halted", "Always", "Succeeded", "", "DeleteInstance", "Stopped" },
        { "Halted", "Always", "leaving", "", "Wait", "Stopping" },
        { "Manual", "", "none", "", "Wait", "Stopped" },
        { "Manual", "Manual", "none", "Start", "CreateInstance", "Starting" },
        { "Manual", "Manual", "none", "Stop Start", "CreateInstance", "Starting" },
        { "Manual", "Manual", "Running", "", "Wait", "Running" },
        { "Manual", "Manual", "Running", "Start", "Wait", "Running" },
        { "Manual", "Manual", "Running", "Stop", "DeleteInstance", "Stopping" },
        { "Manual", "Manual", "Running", "AnyStop", "DeleteInstance", "Stopping" },
        { "Manual", "Manual", "Succeeded", "", "Wait", "Stopped" },
        { "Manual", "Manual", "Succeeded", "Start", "DeleteInstance", "Stopped" },
        { "Manual", "Manual", "leaving", "Start", "Wait", "Stopping" },
        { "RerunOnFailure", "", "none", "", "CreateInstance", "Starting" },
        { "RerunOnFailure", "Halted", "none", "", "CreateInstance", "Starting" },
        { "RerunOnFailure", "RerunOnFailure", "none", "", "Wait", "Stopped" },
        { "RerunOnFailure", "RerunOnFailure", "none", "Start", "CreateInstance", "Starting" },
        { "RerunOnFailure", "RerunOnFailure", "Succeeded", "", "Wait", "Stopped" },
        { "RerunOnFailure", "RerunOnFailure", "Failed", "", "DeleteInstance", "Stopped" },
        { "RerunOnFailure", "RerunOnFailure", "Running", "Stop", "DeleteInstance", "Stopping" },
        { "Once", "", "none", "", "CreateInstance", "Starting" },
        { "Once", "Halted", "none", "", "CreateInstance", "Starting" },
        { "Once", "Once", "none", "", "Wait", "Stopped" },
        { "Once", "Once", "Succeeded", "", "Wait", "Stopped" },
        { "Once", "Once", "Failed", "", "Wait", "Stopped" },
        { "Once", "Once", "Running", "", "Wait", "Running" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Strategy_instance_and_requests_decide(string strategy, string before, string instance, string requests, string action, string printable)
    {
        var step = Next(Observed(strategy, before, instance, requests));

        Assert.Equal((action, printable), (step.Action.GetType().Name, step.Status.PrintableStatus));
    }

    [Fact]
    public void An_instance_has_the_templates_spec_and_an_identity_that_outlives_it()
    {
        var create = Assert.IsType<VirtualMachineAction.CreateInstance>(Next(Observed("Always", "", "none", "")).Action);

        var (meta, owner) = (create.Instance.Metadata, create.Instance.Metadata.ControllingOwner!);
        Assert.Equal(("vm", "default", "7", "blue"), (meta.Name, meta.Namespace, meta.Annotation(Annotations.Generation), meta.Label("colour")));
        Assert.Equal(("VirtualMachine", "vm", Uid, true), (owner.Kind, owner.Name, owner.Uid, owner.BlockOwnerDeletion));
        Assert.Equal(Uid, create.Instance.Spec.Domain.Firmware!.Uuid);
        Assert.Equal("512Mi", create.Instance.Spec.Domain.Memory!.Guest!.ToString());
    }

    [Fact]
    public void A_finalizer_comes_before_everything_else()
    {
        var observed = Observed("Always", "", "none", "");

        var step = Next(observed with { Machine = observed.Machine with { Metadata = observed.Machine.Metadata with { Finalizers = null } } });

        Assert.IsType<VirtualMachineAction.AddFinalizer>(step.Action);
    }

    [Theory]
    [InlineData("Running", false, "DeleteInstance")]
    [InlineData("leaving", false, "Wait")]
    [InlineData("none", false, "RemoveFinalizer")]
    [InlineData("Running", true, "RemoveFinalizer")]
    public void A_deleted_one_takes_its_instance_along_unless_it_is_to_be_orphaned(string instance, bool orphaned, string action)
    {
        var observed = Observed("Always", "Always", instance, "");
        var meta = observed.Machine.Metadata with { DeletionTimestamp = Now };

        var step = Next(observed with { Machine = observed.Machine with { Metadata = orphaned ? meta.WithFinalizer(FinalizerNames.Orphan) : meta } });

        Assert.Equal((action, "Terminating"), (step.Action.GetType().Name, step.Status.PrintableStatus));
    }

    [Fact]
    public void A_deleted_one_leaves_an_instance_alone_that_lost_its_name()
    {
        var observed = Observed("Always", "Always", "Running", "");
        var orphan = observed.Instance! with { Metadata = observed.Instance.Metadata with { OwnerReferences = null } };

        var step = Next(observed with { Instance = orphan, Machine = observed.Machine with { Metadata = observed.Machine.Metadata with { DeletionTimestamp = Now } } });

        Assert.IsType<VirtualMachineAction.RemoveFinalizer>(step.Action);
    }

    [Fact]
    public void A_stray_instance_of_its_name_is_adopted_and_one_of_somebody_else_is_not()
    {
        var observed = Observed("Always", "Always", "Running", "");
        var stray = observed.Instance! with { Metadata = observed.Instance.Metadata with { OwnerReferences = null } };

        var adopt = Assert.IsType<VirtualMachineAction.Adopt>(Next(observed with { Instance = stray }).Action);
        Assert.Equal(Uid, adopt.Adopted.Metadata.ControllingOwner!.Uid);

        var others = stray with { Metadata = stray.Metadata with { OwnerReferences = [new OwnerReference { Kind = "Pool", Name = "p", Uid = "u", Controller = true }] } };
        var step = Next(observed with { Instance = others });
        Assert.IsType<VirtualMachineAction.Wait>(step.Action);
        Assert.Equal("instance vm belongs to Pool p (u)", step.Status.Conditions.Find(VirtualMachineCondition.Failure)!.Message);
        Assert.False(step.Status.Created);
    }

    [Fact]
    public void That_it_failed_is_written_down_as_a_start_before_it_goes()
    {
        var step = Next(Observed("RerunOnFailure", "RerunOnFailure", "Failed", ""));

        Assert.Equal("Start", Assert.Single(step.Status.StateChangeRequests!).Action);
        Assert.Null(Next(Observed("RerunOnFailure", "RerunOnFailure", "Running", "Start")).Status.StateChangeRequests);
    }

    [Fact]
    public void Requests_go_when_they_are_fulfilled()
    {
        Assert.Equal(["Stop", "Start"], Actions(Next(Observed("Always", "Always", "leaving", "Stop Start"))));
        Assert.Equal(["Start"], Actions(Next(Observed("Always", "Always", "none", "Stop Start"))));
        Assert.Empty(Actions(Next(Observed("Always", "Always", "Pending", "Start"))));
        Assert.Empty(Actions(Next(Observed("Always", "Always", "Pending", "StopOther Start"))));
        Assert.Empty(Actions(Next(Observed("Halted", "Halted", "none", "Stop"))));
    }

    [Fact]
    public void Guests_that_never_ran_are_started_again_later_and_later()
    {
        var failed = Observed("Always", "Always", "Failed", "");

        var first = Next(failed).Status;
        Assert.Equal((1, "instance", Now.AddSeconds(10)), (first.StartFailure!.ConsecutiveFailCount, first.StartFailure.LastFailedInstance, first.StartFailure.RetryAfterTimestamp));
        // Counted once.
        Assert.Equal(first.StartFailure, Next(failed with { Machine = failed.Machine with { Status = first } }).Status.StartFailure);

        var gone = failed with { Instance = null, Machine = failed.Machine with { Status = first } };
        var waiting = Next(gone);
        Assert.Equal(("CrashLoopBackOff", Now.AddSeconds(10)), (waiting.Status.PrintableStatus, Assert.IsType<VirtualMachineAction.WaitUntil>(waiting.Action).Time));
        Assert.IsType<VirtualMachineAction.CreateInstance>(Next(gone with { Now = Now.AddSeconds(10) }).Action);
        Assert.Equal([10, 40, 90, 300, 300], new[] { 1, 2, 3, 6, 1000 }.Select(failures => StartBackoff.Pause(failures).TotalSeconds));
    }

    [Fact]
    public void A_guest_that_ran_is_started_again_at_once()
    {
        var observed = Observed("Always", "Always", "Succeeded", "");
        var ran = observed.Instance! with { Status = observed.Instance.Status! with { PhaseTransitionTimestamps = [new PhaseTransition { Phase = "Running", PhaseTransitionTimestamp = Now }] } };
        var before = observed.Machine with { Status = observed.Machine.Status! with { StartFailure = new StartFailure { ConsecutiveFailCount = 3, LastFailedInstance = "other" } } };

        Assert.Null(Next(observed with { Instance = ran, Machine = before }).Status.StartFailure);
    }

    [Theory]
    [InlineData("""{"runStrategy":"Sometimes","template":{"spec":{"domain":{"memory":{"guest":"64Mi"}}}}}""", "spec.runStrategy: 'Sometimes' is none of Always, Halted, Manual, RerunOnFailure, Once")]
    [InlineData("""{"runStrategy":"Always","running":true,"template":{"spec":{"domain":{"memory":{"guest":"64Mi"}}}}}""", "spec.running: excludes spec.runStrategy; give one of them")]
    [InlineData("""{"runStrategy":"Always","template":{"spec":{"domain":{}}}}""", "spec.template.spec.domain.memory.guest: required, or spec.domain.resources.requests.memory in its place")]
    [InlineData("""{"runStrategy":"Always","instancetype":{"name":"small"},"template":{"spec":{"domain":{"memory":{"guest":"64Mi"}}}}}""", "not supported yet: spec.instancetype")]
    public void What_cannot_be_run_is_not_run_and_named(string spec, string message)
    {
        var observed = Observed("Always", "", "none", "");

        var step = Next(observed with { Machine = observed.Machine with { Spec = Spec(spec) } });

        Assert.IsType<VirtualMachineAction.Wait>(step.Action);
        Assert.Equal(message, step.Status.Conditions.Find(VirtualMachineCondition.Failure)!.Message);
    }

    [Fact]
    public void What_is_not_acted_on_is_named_and_the_rest_is_done()
    {
        var observed = Observed("Always", "", "none", "");
        var spec = Spec("""{"runStrategy":"Always","dataVolumeTemplates":[{"metadata":{"name":"d"},"spec":{}}],"updateVolumesStrategy":"Replacement","template":{"spec":{"domain":{"memory":{"guest":"64Mi"}}}}}""");

        var step = Next(observed with { Machine = observed.Machine with { Spec = spec } });

        Assert.IsType<VirtualMachineAction.CreateInstance>(step.Action);
        Assert.Equal("spec.dataVolumeTemplates, spec.updateVolumesStrategy", step.Status.Conditions.Find(InstanceCondition.FieldsNotActedOn)!.Message);
    }

    [Theory]
    [InlineData("Unschedulable", "ErrorUnschedulable")]
    [InlineData("ErrImagePull", "ErrImagePull")]
    [InlineData("ImagePullBackOff", "ImagePullBackOff")]
    [InlineData("FailedPvcNotFound", "ErrorPvcNotFound")]
    [InlineData("WaitingForVolumeBinding", "WaitingForVolumeBinding")]
    [InlineData("GuestNotRunning", "Starting")]
    public void Why_a_start_does_not_get_on_is_said_in_a_word(string reason, string printable)
    {
        var observed = Observed("Always", "Always", "Scheduling", "");

        var step = Next(observed with { Instance = With(observed.Instance!, new Condition { Type = "Ready", Status = Condition.False, Reason = reason }) });

        Assert.Equal(printable, step.Status.PrintableStatus);
    }

    [Fact]
    public void The_instances_conditions_are_repeated()
    {
        var observed = Observed("Always", "Always", "Running", "");
        var ready = With(With(observed.Instance!, new Condition { Type = "Ready", Status = Condition.True }), new Condition { Type = "LiveMigratable", Status = Condition.True });

        var status = Next(observed with { Instance = ready }).Status;

        Assert.Equal((true, true, true, true), (status.Created, status.Ready, status.Conditions.IsTrue("Ready"), status.Conditions.IsTrue("LiveMigratable")));
        var without = Next(observed with { Instance = null, Machine = observed.Machine with { Status = status, Spec = observed.Machine.Spec with { RunStrategy = "Manual" } } }).Status;
        Assert.Equal(("Ready", "VMINotExists"), (Assert.Single(without.Conditions!).Type, without.Conditions!.Single().Reason));

        var paused = With(ready, new Condition { Type = "Paused", Status = Condition.True });
        Assert.Equal("Paused", Next(observed with { Instance = paused }).Status.PrintableStatus);
        var moving = ready with { Status = ready.Status! with { MigrationState = new MigrationRecord { StartTimestamp = Now } } };
        Assert.Equal("Migrating", Next(observed with { Instance = moving }).Status.PrintableStatus);
    }

    private static string[] Actions(VirtualMachineStep step) => [.. step.Status.StateChangeRequests?.Select(request => request.Action!) ?? []];

    private static VirtualMachineStep Next(VirtualMachineObservation observed) => VirtualMachinePlan.Next(observed);

    private static VirtualMachineSpec Spec(string json) => JsonSerializer.Deserialize(json, ApiJson.Default.VirtualMachineSpec)!;

    private static VirtualMachineInstance With(VirtualMachineInstance instance, Condition condition) =>
        instance with { Status = instance.Status! with { Conditions = instance.Status.Conditions.With(condition, Now) } };

    private static VirtualMachineObservation Observed(string strategy, string before, string instance, string requests)
    {
        var machine = new VirtualMachine
        {
            ApiVersion = "kubevirt.io/v1",
            Kind = "VirtualMachine",
            Metadata = new ObjectMeta { Name = "vm", Namespace = "default", Uid = Uid, Generation = 7, Finalizers = [FinalizerNames.VirtualMachine] },
            Spec = Spec("""{"template":{"metadata":{"labels":{"colour":"blue"}},"spec":{"domain":{"devices":{},"memory":{"guest":"512Mi"}}}}}""") with { RunStrategy = strategy },
            Status = new VirtualMachineStatus { RunStrategy = before.Length == 0 ? null : before, StateChangeRequests = Requests(requests) },
        };
        return new VirtualMachineObservation { Machine = machine, Instance = instance == "none" ? null : Instance(machine, instance), Now = Now };
    }

    private static VirtualMachineInstance Instance(VirtualMachine machine, string phase)
    {
        var made = MadeInstance.Of(machine);
        return made with
        {
            Metadata = made.Metadata with { Uid = "instance", DeletionTimestamp = phase == "leaving" ? Now : null },
            Status = new VirtualMachineInstanceStatus { Phase = phase == "leaving" ? "Running" : phase },
        };
    }

    private static StateChangeRequest[]? Requests(string requests) => requests.Length == 0 ? null :
    [
        .. requests.Split(' ').Select(request => request switch
        {
            "Stop" => new StateChangeRequest { Action = "Stop", Uid = "instance" },
            "StopOther" => new StateChangeRequest { Action = "Stop", Uid = "other" },
            "AnyStop" => new StateChangeRequest { Action = "Stop" },
            _ => new StateChangeRequest { Action = request },
        }),
    ];
}
