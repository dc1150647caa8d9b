using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.Migrations;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

/// <summary>Nodes that are to be emptied, or are lost, and policies, against a real API server and nodes behind real gRPC.</summary>
public sealed class EvacuationTests
{
    private const string Spec = """{"evictionStrategy":"LiveMigrate","domain":{"devices":{},"memory":{"guest":"512Mi"},"firmware":{"kernelBoot":{"container":{"image":"guest","kernelPath":"/boot/vmlinuz"}}}}}""";

    [Fact]
    public async Task A_guest_that_is_to_leave_its_node_moves_and_is_no_longer_to_leave()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await RunAsync(lab);

        await MarkAsync(lab, "a");

        var moved = await lab.InstanceAsync("vm", vmi => vmi.Status?.NodeName == "b" && vmi.Status.EvacuationNodeName is null, "on node b");
        Assert.Null(moved.Status!.Conditions.Find(InstanceCondition.EvictionRequested));
        var job = Assert.Single(await lab.Migrations.ListAsync(ListOptions.All, CancellationToken.None));
        Assert.StartsWith("kubevirt-evacuation-", job.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal("a", job.Metadata.Annotation(Annotations.EvacuationMigration));
        await lab.SettledAsync(job.Metadata.Name!, MigrationJobPhase.Succeeded);
        await lab.AssertOnlyOnAsync(instance, lab.B);
        Assert.Single(await lab.Migrations.ListAsync(ListOptions.All, CancellationToken.None));
    }

    [Fact]
    public async Task An_evacuation_that_fails_comes_again_after_a_pause()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.Limits = new MigrationLimits { FirstPause = TimeSpan.FromMilliseconds(500) };
        lab.StartControllers();
        var instance = await RunAsync(lab);
        lab.A.FailCopies = "the line is cut";

        await MarkAsync(lab, "a");
        await UntilAsync(lab, jobs => jobs.Count(job => job.Status?.Phase == MigrationJobPhase.Failed) >= 2, "two failed evacuations");
        lab.A.FailCopies = null;

        await lab.InstanceAsync("vm", vmi => vmi.Status?.NodeName == "b", "on node b");
        await UntilAsync(lab, jobs => jobs.All(job => job.IsFinal && job.Metadata.Finalizers is not { Count: > 0 }), "all settled");
        await lab.AssertOnlyOnAsync(instance, lab.B);
        await lab.StopControllersAsync();
        Assert.Contains(await lab.EventsAsync("vm"), told => told.StartsWith("Warning MigrationBackoff", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_drain_taint_moves_guests()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await RunAsync(lab);

        await lab.KubectlAsync("taint", "node", "a", "kubevirt.io/drain=:NoSchedule");

        await lab.InstanceAsync("vm", vmi => vmi.Status?.NodeName == "b", "on node b");
        await UntilAsync(lab, jobs => jobs.All(job => job.IsFinal && job.Metadata.Finalizers is not { Count: > 0 }), "all settled");
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task A_policy_reaches_the_node_that_copies()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm");
        await lab.InstanceAsync("vm", InstancePhase.Running);
        await lab.EditAsync("vm", vmi => vmi with { Metadata = vmi.Metadata.WithLabel("tier", "slow") });
        await lab.ApplyAsync("""
            apiVersion: migrations.kubevirt.io/v1alpha1
            kind: MigrationPolicy
            metadata:
              name: gentle
            spec:
              bandwidthPerMigration: 64Mi
              completionTimeoutPerGiB: 30
              allowAutoConverge: true
              allowPostCopy: true
              selectors:
                namespaceSelector:
                  kubernetes.io/metadata.name: default
                virtualMachineInstanceSelector:
                  tier: slow
            """);
        // Both are known to the controllers once they have looked: a first migration tells nothing yet.
        await lab.RestartControllersAsync();
        await lab.CreateMigrationAsync("move", "vm");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        Assert.Equal("gentle", job.Status!.MigrationState!.MigrationPolicyName);
        Assert.Equal("allowPostCopy", job.Status.Conditions.Find(MigrationJobCondition.PolicyNotActedOn)!.Message);
        var moved = await lab.Instances.GetAsync(new ObjectKey(ControllerLab.Namespace, "vm"), CancellationToken.None);
        Assert.Equal((30L, true), (moved.Status!.MigrationState!.MigrationConfiguration!.CompletionTimeoutPerGiB, moved.Status.MigrationState.MigrationConfiguration.AllowAutoConverge));
        var options = Assert.Single(lab.A.Outgoing).Options;
        Assert.Equal((64UL << 20, 30, true, true), (options.MaxBandwidth, options.TimeLimit.Seconds, options.AllowAutoConverge, options.AllowWorkloadDisruption));
    }

    [Fact]
    public async Task Migrations_that_are_long_past_are_forgotten()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.Limits = new MigrationLimits { History = 2 };
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        foreach (var name in new[] { "one", "two", "three", "four" })
        {
            var job = await lab.CreateMigrationAsync(name, "vm");
            await lab.InstanceAsync("vm", vmi => vmi.Status?.MigrationState is { Completed: true, MigrationUid: var uid } && uid == job.Metadata.Uid, $"moved by {name}");
            // The next may be made once this one is cleaned up; by then it may be forgotten, too.
            await UntilAsync(lab, jobs => jobs.All(other => other.IsFinal && other.Metadata.Finalizers is not { Count: > 0 }), "all settled");
        }

        // Which ones is judged by seconds, and all of these may have ended in the same.
        await UntilAsync(lab, jobs => jobs.Count == 2, "two are left");
    }

    [Fact]
    public async Task A_source_that_is_undecided_gets_its_guest_back_when_the_target_is_gone_for_good()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        lab.A.HoldCopies = true;
        await lab.CreateMigrationAsync("move", "vm");
        var running = await lab.MigrationAsync("move", MigrationJobPhase.Running);
        await lab.UntilAsync(() => lab.A.Migrations.Count == 1, "the copy has begun");
        await lab.B.StopAsync();
        lab.A.Become(running.Metadata.Uid!, MigrationPhase.Undecided, "node b does not answer");
        await lab.MigrationAsync("move", job => job.Status!.Conditions.IsTrue(MigrationJobCondition.Undecided), "undecided");

        await lab.Pods.DeleteAsync(new ObjectKey(ControllerLab.Namespace, running.Status!.MigrationState!.TargetPod!), CancellationToken.None);

        var job = await lab.MigrationAsync("move", MigrationJobPhase.Failed);
        Assert.Equal("node a: the pod on node b is deleted", job.Status!.MigrationState!.FailureReason);
        Assert.Equal("a", (await lab.InstanceAsync("vm", InstancePhase.Running)).Status!.NodeName);
        Assert.Empty(lab.Guests.Violations);
    }

    [Fact]
    public async Task A_guest_of_a_lost_node_fails_only_when_somebody_vouches_for_its_end()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        var pod = await lab.PodOfAsync("vm");
        lab.Runner.Deaf = true;
        await lab.A.StopAsync();

        // What a control plane does with the pods of a node that is not heard of: it asks them to go, and nobody answers.
        await lab.Pods.DeleteAsync(pod.Key, CancellationToken.None);
        var waiting = await lab.InstanceAsync("vm", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Ready)?.Reason == "NodeNotReady", "not ready");
        Assert.Equal(InstancePhase.Running, waiting.Status!.Phase);
        Assert.NotNull(await lab.Pods.FindAsync(pod.Key, CancellationToken.None));

        await lab.KubectlAsync("taint", "node", "a", "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute");
        await lab.GoneAsync(lab.Pods, pod.Metadata.Name!);
        Assert.Equal("NodeUnresponsive", (await lab.InstanceAsync("vm", InstancePhase.Failed)).Status!.Reason);
    }

    private static async Task<VirtualMachineInstance> RunAsync(ControllerLab lab)
    {
        await lab.CreateInstanceAsync("vm", Spec);
        return await lab.InstanceAsync("vm", vmi => vmi.Status?.Phase == InstancePhase.Running && vmi.Status.Conditions.IsTrue(InstanceCondition.LiveMigratable), "running, and migratable");
    }

    // What the review of an eviction does.
    private static Task MarkAsync(ControllerLab lab, string node) => lab.Instances.PatchStatusAsync(
        new ObjectKey(ControllerLab.Namespace, "vm"), Patch.Merge(new JsonObject { ["status"] = new JsonObject { ["evacuationNodeName"] = node } }), CancellationToken.None);

    private static Task UntilAsync(ControllerLab lab, Func<IReadOnlyList<VirtualMachineInstanceMigration>, bool> wanted, string what) =>
        lab.UntilAsync(async () => wanted(await lab.Migrations.ListAsync(ListOptions.All, CancellationToken.None)), what);
}
