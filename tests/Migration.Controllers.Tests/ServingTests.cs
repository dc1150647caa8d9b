using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Kubernetes;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>Which pod a Service may send to, in every moment of a guest's moves.</summary>
public sealed class ServingTests
{
    [Fact]
    public void Before_and_while_it_moves_the_guest_is_reached_where_it_started()
    {
        Assert.Equal("source", Serving.PodOf(Observed(Move(completed: false), Pod("source"), Pod("target")))?.Metadata.Name);
        Assert.Equal("source", Serving.PodOf(Observed(Move(completed: true, failed: true), Pod("source"), Pod("target")))?.Metadata.Name);
    }

    [Fact]
    public void An_anchor_serves_wherever_the_guest_is_and_goes_on_moving()
    {
        Assert.Equal("anchor", Serving.PodOf(Observed(Move(completed: true), Pod("anchor", anchor: true), Pod("target")))?.Metadata.Name);
        Assert.Equal("anchor", Serving.PodOf(Observed(Move(completed: false), Pod("anchor", anchor: true), Pod("source"), Pod("target")))?.Metadata.Name);
    }

    [Fact]
    public void A_pod_that_was_left_serves_until_it_is_known_not_to_become_the_anchor()
    {
        var moved = Move(completed: true);
        Assert.Equal("source", Serving.PodOf(Observed(moved, Pod("source"), Pod("target")))?.Metadata.Name);
        Assert.Equal("source", Serving.PodOf(Observed(moved, Pod("source"), Pod("target")) with { Migrations = [Ended(anchored: true)] })?.Metadata.Name);
        Assert.Equal("target", Serving.PodOf(Observed(moved, Pod("source"), Pod("target")) with { Migrations = [Ended(anchored: null)] })?.Metadata.Name);
        Assert.Equal("target", Serving.PodOf(Observed(moved, Pod("source", phase: "Succeeded"), Pod("target")))?.Metadata.Name);
    }

    [Fact]
    public void One_gate_alone_is_open_and_what_is_right_is_left_alone()
    {
        var observed = Observed(Move(completed: true), Pod("target"), Pod("anchor", anchor: true), Pod("old", gated: false));

        var changes = Serving.Changes(observed);

        Assert.Equal([("anchor", "True"), ("target", "False")], changes.Select(change => (change.After.Metadata.Name!, change.After.Status!.Conditions.Find(PodCondition.Serving)!.Status!)));
        Assert.Empty(Serving.Changes(observed with { Pods = [.. changes.Select(change => change.After)] }));
    }

    private static VirtualMachineInstance Move(bool completed, bool failed = false) => Instance("Running") is var instance
        ? instance with { Status = instance.Status! with { MigrationState = new MigrationRecord { SourcePod = "source", TargetPod = "target", Completed = completed, Failed = failed } } }
        : null!;

    private static VirtualMachineInstanceMigration Ended(bool? anchored) => Job(MigrationJobPhase.Succeeded) is var job
        ? job with { Status = job.Status! with { Progress = new MigrationJobProgress { Anchored = anchored }, MigrationState = new MigrationRecord { TargetPod = "target" } } }
        : null!;

    private static InstanceObservation Observed(VirtualMachineInstance instance, params Pod[] pods) => new() { Instance = instance, Pods = pods, Now = Now };

    private static Pod Pod(string name, bool anchor = false, bool gated = true, string phase = "Running") => new()
    {
        Metadata = new ObjectMeta { Name = name, Namespace = "default", Uid = name, Labels = anchor ? new Dictionary<string, string> { [Labels.Anchor] = "true" } : null },
        Spec = new PodSpec { ReadinessGates = gated ? [new PodReadinessGate { ConditionType = PodCondition.Serving }] : null },
        Status = new PodStatus { Phase = phase },
    };
}
