using Migration.Api;
using Migration.Controllers.Evacuation;
using Migration.Kubernetes;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class EvacuationPlanTests
{
    private const string Drain = "kubevirt.io/drain";

    /// <summary>Node that the guest was asked to leave, taint of its node, strategy, whether it can move → what is done.</summary>
    public static TheoryData<string?, string?, string?, bool, string> Rows() => new()
    {
        { null, null, "LiveMigrate", true, "Wait" },
        { "a", null, "LiveMigrate", true, "CreateMigration" },
        // Whoever marked it had decided: the strategy of instances that name none may be the cluster's.
        { "a", null, null, true, "CreateMigration" },
        { "a", null, "LiveMigrateIfPossible", true, "CreateMigration" },
        { "a", null, "External", true, "Wait" },
        { "a", null, "LiveMigrate", false, "Wait" },
        { "b", null, "LiveMigrate", true, "Wait" },
        { null, "kubevirt.io/drain:NoSchedule", "LiveMigrate", true, "CreateMigration" },
        { null, "kubevirt.io/drain:NoSchedule", "LiveMigrateIfPossible", true, "CreateMigration" },
        { null, "kubevirt.io/drain:NoSchedule", "LiveMigrateIfPossible", false, "Wait" },
        { null, "kubevirt.io/drain:NoSchedule", "External", true, "Wait" },
        { null, "kubevirt.io/drain:NoSchedule", "None", true, "Wait" },
        { null, "kubevirt.io/drain:NoSchedule", null, true, "Wait" },
        { null, "kubevirt.io/drain:NoExecute", "LiveMigrate", true, "Wait" },
        { null, "example.com/other:NoSchedule", "LiveMigrate", true, "Wait" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Marks_and_taints_move_guests_that_can_move(string? marked, string? taint, string? strategy, bool migratable, string action) =>
        Assert.Equal(action, EvacuationPlan.Next(Observed(marked, taint, strategy, migratable)).Action.GetType().Name);

    [Fact]
    public void The_migration_is_urgent_and_says_which_node_it_empties()
    {
        var job = Created(Observed("a"));

        Assert.StartsWith("kubevirt-evacuation-", job.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal(("default", "a", "vm", "vm"), (job.Metadata.Namespace, job.Metadata.Annotation(Annotations.EvacuationMigration), job.Spec.VmiName, job.Metadata.Label(Labels.MigratedInstance)));
        Assert.Equal(MigrationPriority.SystemCritical, job.Spec.Priority);
        Assert.True(job.Metadata.HasFinalizer(FinalizerNames.Migration));
    }

    [Fact]
    public void Looking_twice_makes_one_migration_and_a_failure_makes_another()
    {
        var failed = Settled(Job("Failed"));

        Assert.Equal(Created(Observed("a")).Metadata.Name, Created(Observed("a")).Metadata.Name);
        Assert.NotEqual(Created(Observed("a")).Metadata.Name, Created(Observed("a") with { Migrations = [failed] }).Metadata.Name);
        // Two that ended in the same second are an attempt more than each of them.
        var other = Settled(Job("Failed", uid: "44444444-4444-4444-4444-444444444444", name: "other"));
        var both = Created(Observed("a") with { Migrations = [other, failed] }).Metadata.Name;
        Assert.NotEqual(Created(Observed("a") with { Migrations = [failed] }).Metadata.Name, both);
        Assert.NotEqual(Created(Observed("a") with { Migrations = [other] }).Metadata.Name, both);
        // What the history forgets changes nothing.
        var older = Settled(Job("Failed", TimeSpan.FromHours(1), "33333333-3333-3333-3333-333333333333", "older"));
        Assert.Equal(Created(Observed("a") with { Migrations = [failed] }).Metadata.Name, Created(Observed("a") with { Migrations = [older, failed] }).Metadata.Name);
    }

    [Theory]
    [InlineData("Pending")]
    [InlineData("Running")]
    [InlineData("Failed")]
    [InlineData("Succeeded")]
    public void There_is_one_migration_at_a_time(string phase)
    {
        var pod = Pod("source", "a");
        var observed = Observed("a") with { Migrations = [Job(phase)], Pod = pod with { Metadata = pod.Metadata.WithAnnotation(Annotations.EvictionInProgress, "kubevirt") } };

        Assert.IsType<EvacuationAction.Wait>(EvacuationPlan.Next(observed).Action);
    }

    [Fact]
    public void The_pod_says_that_its_eviction_is_seen_to()
    {
        var observed = Observed("a") with { Migrations = [Job("Pending")], Pod = Pod("source", "a") };

        Assert.Equal("source", Assert.IsType<EvacuationAction.MarkPod>(EvacuationPlan.Next(observed).Action).Pod.Metadata.Name);
    }

    [Fact]
    public void The_mark_is_a_condition_for_as_long_as_it_is_there()
    {
        var marked = EvacuationPlan.Next(Observed("a")).Status;
        Assert.True(marked.Conditions.IsTrue(InstanceCondition.EvictionRequested));

        var observed = Observed("b");
        var elsewhere = observed with { Instance = observed.Instance with { Status = observed.Status with { Conditions = marked.Conditions } } };
        Assert.Null(EvacuationPlan.Next(elsewhere).Status.EvacuationNodeName);
        Assert.False(EvacuationPlan.Next(elsewhere).Status.Conditions.IsTrue(InstanceCondition.EvictionRequested));
    }

    [Fact]
    public void A_guest_that_does_not_run_is_left_alone()
    {
        var observed = Observed("a");

        Assert.IsType<EvacuationAction.Wait>(EvacuationPlan.Next(observed with { Instance = observed.Instance.Deleting() }).Action);
        Assert.IsType<EvacuationAction.Wait>(EvacuationPlan.Next(observed with { Instance = observed.Instance with { Status = observed.Status with { Phase = "Succeeded" } } }).Action);
    }

    private static VirtualMachineInstanceMigration Created(EvacuationObservation observed) => Assert.IsType<EvacuationAction.CreateMigration>(EvacuationPlan.Next(observed).Action).Job;

    private static VirtualMachineInstanceMigration Settled(VirtualMachineInstanceMigration job) => job with { Metadata = job.Metadata with { Finalizers = null } };

    private static EvacuationObservation Observed(string? marked, string? taint = null, string? strategy = "LiveMigrate", bool migratable = true)
    {
        var instance = Instance("Running");
        return new EvacuationObservation
        {
            Instance = instance with
            {
                Spec = instance.Spec with { EvictionStrategy = strategy },
                Status = instance.Status! with
                {
                    EvacuationNodeName = marked,
                    Conditions = [new Condition { Type = InstanceCondition.LiveMigratable, Status = migratable ? Condition.True : Condition.False }],
                },
            },
            Node = new Node
            {
                Metadata = new ObjectMeta { Name = "a" },
                Spec = new NodeSpec { Taints = taint?.Split(':') is [var key, var effect] ? [new Taint { Key = key, Effect = effect }] : null },
            },
            DrainTaint = Drain,
            ClusterStrategy = EvictionStrategy.None,
            Now = Now,
        };
    }
}
