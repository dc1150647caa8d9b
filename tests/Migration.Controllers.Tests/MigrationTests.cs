using Migration.Api;
using Migration.Controllers.Migrations;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

/// <summary>Whole migrations against a real API server and nodes behind real gRPC.</summary>
public sealed class MigrationTests
{
    /// <summary>Where a migration can be held, and what it looks like there.</summary>
    public static TheoryData<string> Phases() => [MigrationJobPhase.Pending, MigrationJobPhase.Scheduling, MigrationJobPhase.PreparingTarget, MigrationJobPhase.Running];

    [Fact]
    public async Task A_guest_moves_and_nothing_is_left_behind()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        await lab.CreateMigrationAsync("move", "vm");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        await lab.AssertOnlyOnAsync(instance, lab.B);
        Assert.Equal(["Pending", "Scheduling", "Scheduled", "PreparingTarget", "TargetReady", "Running", "Succeeded"], job.Status!.PhaseTransitionTimestamps!.Select(t => t.Phase));
        Assert.Equal(("a", "b"), (job.Status.MigrationState!.SourceNode, job.Status.MigrationState.TargetNode));
        Assert.Equal((100, "6.25ms", "1.5s", true), (job.Status.Progress!.Percent, job.Status.Progress.Downtime, job.Status.Progress.TotalTime, job.Status.Progress.Encrypted));
        var moved = await lab.InstanceAsync("vm", vmi => vmi.Metadata.Label(Labels.NodeName) == "b", "labelled");
        Assert.Equal("b", moved.Status!.NodeName);
        Assert.True(moved.Status.MigrationState!.Completed);
        Assert.Null(moved.Status.MigrationState.Failed);
        Assert.Equal(job.Metadata.Uid, moved.Status.MigrationState.MigrationUid);
    }

    [Fact]
    public async Task The_target_is_told_what_the_guest_really_runs_with()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        await lab.CreateMigrationAsync("move", "vm");
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        var plan = Assert.Single(lab.B.Machines).Plan;

        Assert.True(plan.Incoming);
        Assert.Equal(("pc-q35-7.2", "qemu64", Accelerator.Tcg), (plan.MachineType, plan.CpuModel, plan.Accelerator));
        var nic = Assert.Single(plan.Interfaces);
        Assert.Equal("02:00:00:00:00:07", nic.Mac);
        Assert.Equal(["10.244.1.7/24"], nic.Lease.Addresses);
    }

    [Fact]
    public async Task A_guest_moves_there_and_back()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        foreach (var (name, node) in new[] { ("there", lab.B), ("back", lab.A), ("again", lab.B) })
        {
            await lab.CreateMigrationAsync(name, "vm");
            await lab.SettledAsync(name, MigrationJobPhase.Succeeded);
            await lab.AssertOnlyOnAsync(instance, node);
        }
    }

    [Fact]
    public async Task A_target_that_cannot_be_prepared_fails_the_migration_and_leaves_the_guest_alone()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        lab.B.FailArrivals = "this node cannot provide CPU model qemu64";
        await lab.CreateMigrationAsync("move", "vm");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Failed);

        Assert.Contains("this node cannot provide CPU model qemu64", job.Status!.MigrationState!.FailureReason, StringComparison.Ordinal);
        await lab.AssertOnlyOnAsync(instance, lab.A);
        var left = await lab.InstanceAsync("vm", vmi => vmi.Status?.MigrationState?.Failed == true, "told of the failure");
        Assert.Equal(("a", InstancePhase.Running), (left.Status!.NodeName, left.Status.Phase));
    }

    [Theory]
    [InlineData("EnsureMachine")]
    [InlineData("PrepareIncoming")]
    public async Task A_target_that_refuses_fails_the_migration(string call)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        lab.B.Fail(call, Grpc.Core.StatusCode.FailedPrecondition, "out of luck");
        await lab.CreateMigrationAsync("move", "vm");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Failed);

        Assert.Contains("out of luck", job.Status!.MigrationState!.FailureReason, StringComparison.Ordinal);
        await lab.AssertOnlyOnAsync(instance, lab.A);
    }

    [Fact]
    public async Task A_copy_that_breaks_fails_the_migration_and_the_guest_runs_on()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        lab.A.FailCopies = "connection to node b was reset";
        await lab.CreateMigrationAsync("move", "vm");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Failed);

        Assert.Equal("node a: connection to node b was reset", job.Status!.MigrationState!.FailureReason);
        await lab.AssertOnlyOnAsync(instance, lab.A);
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public async Task A_migration_can_be_cancelled_in_every_phase(string phase)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, phase);

        await lab.DeleteAsync(lab.Migrations, "move");

        await lab.GoneAsync(lab.Migrations, "move");
        Release(lab);
        await lab.InstanceAsync("vm", InstancePhase.Running);
        await lab.AssertOnlyOnAsync(instance, lab.A);
    }

    [Theory]
    [MemberData(nameof(Phases))]
    public async Task Controllers_restarted_in_any_phase_bring_the_migration_to_its_end(string phase)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, phase);

        await lab.StopControllersAsync();
        Release(lab);
        lab.StartControllers();

        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Theory]
    [InlineData(MigrationJobPhase.PreparingTarget, "a")]
    [InlineData(MigrationJobPhase.PreparingTarget, "b")]
    [InlineData(MigrationJobPhase.Running, "a")]
    [InlineData(MigrationJobPhase.Running, "b")]
    public async Task A_node_service_restarted_in_any_phase_only_delays(string phase, string node)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, phase);

        await lab.Nodes[node].StopAsync();
        Release(lab);
        await lab.Nodes[node].StartAsync();

        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Theory]
    [InlineData("b", "EnsureMachine")]
    [InlineData("b", "PrepareIncoming")]
    [InlineData("a", "StartOutgoing")]
    [InlineData("a", "WatchMigration")]
    [InlineData("a", "DeleteMachine")]
    [InlineData("a", "ReleaseMigration")]
    [InlineData("b", "ReleaseMigration")]
    public async Task A_lost_answer_only_delays(string node, string call)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        lab.Nodes[node].Fail(call, Grpc.Core.StatusCode.Unavailable, "the answer was lost", afterwards: true);
        await lab.CreateMigrationAsync("move", "vm");

        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task A_second_migration_of_a_guest_that_moves_is_refused()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, MigrationJobPhase.Running);
        await lab.CreateMigrationAsync("second", "vm");

        var second = await lab.SettledAsync("second", MigrationJobPhase.Failed);

        Assert.StartsWith("in-flight migration detected: move", second.Status!.MigrationState!.FailureReason, StringComparison.Ordinal);
        Release(lab);
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task Of_two_migrations_created_at_once_one_wins()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        await lab.StopControllersAsync();
        await lab.CreateMigrationAsync("one", "vm");
        await lab.CreateMigrationAsync("two", "vm");
        lab.StartControllers();

        await lab.MigrationAsync("one", job => job.IsFinal, "ended");
        await lab.MigrationAsync("two", job => job.IsFinal, "ended");

        var phases = (await lab.Migrations.ListAsync(ListOptions.All, CancellationToken.None)).Select(job => job.Status!.Phase).Order();
        Assert.Equal([MigrationJobPhase.Failed, MigrationJobPhase.Succeeded], phases);
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task Deleting_the_instance_ends_its_migration_and_everything_goes()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await HeldAsync(lab, MigrationJobPhase.Running);

        await lab.DeleteAsync(lab.Instances, "vm");

        await lab.GoneAsync(lab.Instances, "vm");
        var job = await lab.SettledAsync("move", MigrationJobPhase.Failed);
        Assert.Contains("is being deleted", job.Status!.MigrationState!.FailureReason, StringComparison.Ordinal);
        Assert.All(lab.Nodes.Values, node => Assert.Empty(node.Machines));
        await lab.LeftAsync();
        Assert.Empty(lab.Guests.Violations);
    }

    [Fact]
    public async Task A_migration_of_nothing_fails_and_says_so()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateMigrationAsync("move", "nobody");

        var job = await lab.SettledAsync("move", MigrationJobPhase.Failed);

        Assert.Equal("there is no VirtualMachineInstance default/nobody", job.Status!.MigrationState!.FailureReason);
    }

    [Fact]
    public async Task An_undecided_migration_waits_and_says_so()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, MigrationJobPhase.Running);
        var uid = Assert.Single(lab.A.Migrations).Id;
        lab.A.Become(uid, MigrationPhase.Undecided, "node b does not answer");

        var undecided = await lab.MigrationAsync("move", job => job.Status!.Conditions.IsTrue(MigrationJobCondition.Undecided), "undecided");
        Assert.Equal(MigrationJobPhase.Running, undecided.Status!.Phase);
        Assert.Equal("node b does not answer", undecided.Status.Conditions.Find(MigrationJobCondition.Undecided)!.Message);
        Release(lab);

        var job = await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        Assert.Null(job.Status!.Conditions.Find(MigrationJobCondition.Undecided));
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task Cancelling_after_the_switch_over_is_too_late()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await HeldAsync(lab, MigrationJobPhase.Running);
        lab.A.Become(Assert.Single(lab.A.Migrations).Id, MigrationPhase.Switching, "");
        await lab.DeleteAsync(lab.Migrations, "move");
        await lab.MigrationAsync("move", job => job.Status!.MigrationState!.AbortRequested == true, "abort requested");

        Release(lab);

        await lab.GoneAsync(lab.Migrations, "move");
        await lab.AssertOnlyOnAsync(instance, lab.B);
        var moved = await lab.Instances.GetAsync(new ObjectKey(ControllerLab.Namespace, "vm"), CancellationToken.None);
        Assert.Equal(("Failed", (bool?)null), (moved.Status!.MigrationState!.AbortStatus, moved.Status.MigrationState.Failed));
    }

    [Fact]
    public async Task Progress_is_in_the_status()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await HeldAsync(lab, MigrationJobPhase.Running);
        lab.A.Report(Assert.Single(lab.A.Migrations).Id, new MigrationProgress { Percent = 55, TotalBytes = 1000, BytesPerSecond = 5e8, DirtyBytesPerSecond = 1e6, Iteration = 3 });

        var job = await lab.MigrationAsync("move", job => job.Status!.Progress?.Percent == 55, "55 %");

        Assert.Equal((500_000_000, 1_000_000, 3), (job.Status!.Progress!.BytesPerSecond, job.Status.Progress.DirtyBytesPerSecond, job.Status.Progress.Iteration));
    }

    [Fact]
    public async Task A_target_without_a_node_says_why_and_gives_up_in_time()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        lab.Runner.Unschedulable = "0/2 nodes are available: 2 Insufficient memory.";
        await lab.CreateMigrationAsync("patient", "vm");
        var waiting = await lab.MigrationAsync("patient", job => job.Status?.Conditions.Find(MigrationJobCondition.Waiting)?.Reason == "Unschedulable", "unschedulable");
        Assert.Contains("2 Insufficient memory", waiting.Status!.Conditions.Find(MigrationJobCondition.Waiting)!.Message, StringComparison.Ordinal);
        await lab.DeleteAsync(lab.Migrations, "patient");
        await lab.GoneAsync(lab.Migrations, "patient");
        await lab.CreateMigrationAsync("hasty", "vm", new Dictionary<string, string> { [Annotations.UnschedulableTimeout] = "1" });

        var job = await lab.SettledAsync("hasty", MigrationJobPhase.Failed);

        Assert.Contains("2 Insufficient memory", job.Status!.MigrationState!.FailureReason, StringComparison.Ordinal);
        await lab.AssertOnlyOnAsync(instance, lab.A);
    }

    [Fact]
    public async Task No_more_migrations_are_under_way_than_allowed()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.Limits = new MigrationLimits { ParallelPerCluster = 1 };
        lab.StartControllers();
        await lab.RunInstanceAsync("other");
        await HeldAsync(lab, MigrationJobPhase.Running);
        await lab.CreateMigrationAsync("next", "other");

        await lab.MigrationAsync("next", job => job.Status?.Conditions.Find(MigrationJobCondition.Waiting)?.Reason == "Queued", "queued");
        Assert.Single(lab.A.Migrations);
        Release(lab);

        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.SettledAsync("next", MigrationJobPhase.Succeeded);
        Assert.Empty(lab.Guests.Violations);
    }

    [Fact]
    public async Task A_migration_costs_few_writes()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var instance = await lab.RunInstanceAsync("vm");
        await lab.InstanceAsync("vm", vmi => vmi.Metadata.Label(Labels.NodeName) == "a", "labelled");
        using var stop = new CancellationTokenSource();
        var migrations = WritesAsync(lab.Migrations, stop.Token);
        var instances = WritesAsync(lab.Instances, stop.Token);
        var pods = WritesAsync(lab.Pods, stop.Token);
        await lab.CreateMigrationAsync("move", "vm");
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.AssertOnlyOnAsync(instance, lab.B);
        await lab.InstanceAsync("vm", vmi => vmi.Metadata.Label(Labels.NodeName) == "b", "labelled");

        await stop.CancelAsync();

        // The controllers' own: of pods, one creation and one deletion; the other changes are the kubelet's.
        var (jobs, vmis) = (await migrations, await instances);
        Assert.True(jobs.Count + vmis.Count + 2 <= 12, $"{jobs.Count} writes of the migration, {vmis.Count} of the instance:\n{string.Join('\n', jobs)}\n{string.Join('\n', vmis)}");
        Assert.NotEmpty(await pods);
    }

    [Fact]
    public async Task What_happened_is_told_as_events_on_both_objects()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");
        await lab.CreateMigrationAsync("move", "vm");
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
        await lab.StopControllersAsync();

        Assert.Contains("Normal Migrated: the guest moved from node a to node b; it was stopped for 6.25ms", await lab.EventsAsync("move"));
        Assert.Contains("Normal Migrating: the guest moves from node a to node b", await lab.EventsAsync("vm"));
    }

    // Every change after now, as JSON.
    private static async Task<IReadOnlyList<string>> WritesAsync<T>(ResourceClient<T> resource, CancellationToken ct)
        where T : KubernetesObject
    {
        var from = await resource.ListWithVersionAsync(ListOptions.All, CancellationToken.None);
        return await CountAsync();

        async Task<IReadOnlyList<string>> CountAsync()
        {
            var writes = new List<string>();
            try
            {
                await foreach (var change in resource.WatchAsync(ListOptions.All, from.ResourceVersion, ct))
                {
                    if (change.Type == WatchEventType.Modified)
                        writes.Add(resource.Kind.ToNode(change.Object!).ToJsonString());
                }
            }
            catch (OperationCanceledException)
            {
            }
            return writes;
        }
    }

    // A migration named "move" of an instance named "vm", brought to this phase and kept there.
    private static async Task<VirtualMachineInstance> HeldAsync(ControllerLab lab, string phase)
    {
        if (phase == MigrationJobPhase.Pending)
        {
            lab.A.HoldMachines = true;
            await lab.CreateInstanceAsync("vm");
            await lab.InstanceAsync("vm", InstancePhase.Scheduled);
            await lab.UntilAsync(() => lab.A.Machines.Count == 1, "the machine is planned");
        }
        else
        {
            await lab.RunInstanceAsync("vm");
            lab.Runner.Hold = phase == MigrationJobPhase.Scheduling;
            lab.B.HoldMachines = phase == MigrationJobPhase.PreparingTarget;
            lab.A.HoldCopies = phase == MigrationJobPhase.Running;
        }
        await lab.CreateMigrationAsync("move", "vm");
        await lab.MigrationAsync("move", phase);
        if (phase == MigrationJobPhase.PreparingTarget)
            await lab.UntilAsync(() => lab.B.Machines.Count == 1, "the target is planned");
        if (phase == MigrationJobPhase.Running)
            await lab.UntilAsync(() => lab.A.Migrations.Count == 1, "the source copies");
        return await lab.Instances.GetAsync(new ObjectKey(ControllerLab.Namespace, "vm"), CancellationToken.None);
    }

    private static void Release(ControllerLab lab)
    {
        lab.A.ReleaseMachines();
        lab.Runner.Hold = false;
        lab.B.ReleaseMachines();
        lab.A.ReleaseCopies();
    }
}
