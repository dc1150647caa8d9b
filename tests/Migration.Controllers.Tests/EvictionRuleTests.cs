using Migration.Api;
using Migration.Controllers.Evacuation;
using Migration.Kubernetes;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class EvictionRuleTests
{
    /// <summary>Strategy of the instance, of the cluster, whether it can migrate → allowed, marked, what is said.</summary>
    public static TheoryData<string?, string, bool, bool, string?, string> Strategies() => new()
    {
        { null, "None", true, true, null, "" },
        { "None", "LiveMigrate", true, true, null, "" },
        { null, "LiveMigrate", true, false, "a", "Eviction triggered evacuation of VMI \"default/vm\"" },
        { "LiveMigrate", "None", true, false, "a", "Eviction triggered evacuation of VMI \"default/vm\"" },
        { "LiveMigrate", "None", false, false, null, "VMI vm is configured with an eviction strategy but is not live-migratable: DisksNotLiveMigratable" },
        { "LiveMigrateIfPossible", "None", true, false, "a", "Eviction triggered evacuation of VMI \"default/vm\"" },
        { "LiveMigrateIfPossible", "None", false, true, null, "" },
        { "External", "None", true, false, "a", "Eviction triggered evacuation of VMI \"default/vm\"" },
        { "External", "None", false, false, "a", "Eviction triggered evacuation of VMI \"default/vm\"" },
    };

    [Theory]
    [MemberData(nameof(Strategies))]
    public void The_strategy_decides(string? strategy, string cluster, bool migratable, bool allowed, string? marked, string message)
    {
        var verdict = EvictionRule.Judge(Launcher(), Guest(strategy, migratable), cluster);

        Assert.Equal(new EvictionVerdict(allowed, message, marked), verdict);
    }

    [Fact]
    public void A_guest_that_is_about_to_leave_is_not_marked_again()
    {
        var guest = Guest("LiveMigrate", migratable: true);
        guest = guest with { Status = guest.Status! with { EvacuationNodeName = "a" } };

        Assert.Equal(new EvictionVerdict(false, "Evacuation in progress: Eviction triggered evacuation of VMI \"default/vm\""), EvictionRule.Judge(Launcher(), guest, "None"));
    }

    [Fact]
    public void A_guest_that_was_to_leave_another_node_is_marked_anew()
    {
        var guest = Guest("LiveMigrate", migratable: true);
        guest = guest with { Status = guest.Status! with { EvacuationNodeName = "b" } };

        Assert.Equal("a", EvictionRule.Judge(Launcher(), guest, "None").Evacuate);
    }

    [Fact]
    public void Pods_that_are_not_ours_or_have_nothing_to_lose_go()
    {
        var guest = Guest("LiveMigrate", migratable: true);

        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Pod("web", "a"), guest, "None"));
        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Launcher(), null, "LiveMigrate"));
        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Launcher(phase: "Succeeded"), guest, "None"));
        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Launcher(), guest.Deleting(), "None"));
        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Launcher(), guest with { Status = guest.Status! with { Phase = "Failed" } }, "None"));
        // A pod of an instance that had the same name before.
        Assert.Equal(EvictionVerdict.Allow, EvictionRule.Judge(Launcher(), guest with { Metadata = guest.Metadata with { Uid = "another" } }, "None"));
    }

    [Fact]
    public void A_pod_that_a_guest_is_on_its_way_to_stays()
    {
        var target = Launcher("target", "b") with { };
        target = target with { Metadata = target.Metadata.WithLabel(Labels.MigrationJobUid, "22222222-2222-2222-2222-222222222222") };
        var guest = Guest("LiveMigrate", migratable: true);
        guest = guest with { Status = guest.Status! with { MigrationState = new MigrationRecord { SourcePod = "source", TargetPod = "target" } } };

        var verdict = EvictionRule.Judge(target, guest, "None");

        Assert.False(verdict.Allowed);
        Assert.Contains("migration target pod target", verdict.Message, StringComparison.Ordinal);
        // Once it has arrived, the pod is the guest's, and the strategy counts.
        guest = guest with { Status = guest.Status! with { MigrationState = new MigrationRecord { SourcePod = "source", TargetPod = "target", Completed = true } } };
        Assert.Equal("b", EvictionRule.Judge(target, guest, "None").Evacuate);
        Assert.True(EvictionRule.Judge(Launcher(), guest, "None").Allowed);
    }

    [Fact]
    public void A_pod_that_keeps_an_address_goes_and_says_what_is_lost()
    {
        var anchor = Launcher() with { };
        anchor = anchor with { Metadata = anchor.Metadata.WithLabel(Labels.Anchor, "true") };

        var verdict = EvictionRule.Judge(anchor, Guest("LiveMigrate", migratable: true), "None");

        Assert.True(verdict.Allowed);
        Assert.Contains("kept the address of VirtualMachineInstance default/vm", verdict.Message, StringComparison.Ordinal);
    }

    private static Pod Launcher(string name = "source", string node = "a", string phase = "Running")
    {
        var pod = Pod(name, node, phase);
        return pod with
        {
            Metadata = pod.Metadata
                .WithLabel(Labels.App, Labels.Launcher)
                .WithLabel(Labels.CreatedBy, "11111111-1111-1111-1111-111111111111")
                .WithAnnotation(Annotations.Domain, "vm"),
        };
    }

    private static VirtualMachineInstance Guest(string? strategy, bool migratable)
    {
        var instance = Instance("Running");
        return instance with
        {
            Spec = instance.Spec with { EvictionStrategy = strategy },
            Status = instance.Status! with
            {
                MigrationState = new MigrationRecord { SourcePod = "source", Completed = true, Failed = true },
                Conditions =
                [
                    migratable
                        ? new Condition { Type = InstanceCondition.LiveMigratable, Status = Condition.True }
                        : new Condition { Type = InstanceCondition.LiveMigratable, Status = Condition.False, Reason = "DisksNotLiveMigratable" },
                ],
            },
        };
    }
}
