using Grpc.Core;
using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>The whole path on one machine: two nodes, two launchers, a real guest.</summary>
public sealed class MigrationTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    [InlineData(false, 1)]
    public async Task Guest_moves_to_the_other_node_and_lives_on(bool encrypted, int channels)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);

        var move = await guest.PrepareMoveAsync(lab.A, lab.B, new MigrationOptions { AllowPlaintext = !encrypted, Channels = (uint)channels });
        await move.StartAsync();
        var source = await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");

        Invariants.Is(lab, MigrationPhase.Succeeded, source);
        Assert.Equal((MigrationPhase.Succeeded, Outcome.Activated), (target.Phase, target.Outcome));
        Assert.Equal((encrypted, encrypted ? "unix" : "fd"), (source.Encrypted, source.Transport));
        Assert.InRange(source.Downtime.ToTimeSpan(), TimeSpan.FromTicks(1), TimeSpan.FromSeconds(5));
        Assert.Equal(target.ResumedAt, source.ResumedAt);
        Assert.True(source.Progress.TransferredBytes > 10 << 20, $"{source.Progress}");
        await Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod);
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Moved);
        await lab.B.WaitForMachineAsync(move.TargetPod.Uid, machine => machine.Phase == MachinePhase.Running && machine.MigrationId.Length == 0, "it runs on the target");
        TestContext.Current.TestOutputHelper?.WriteLine($"downtime {source.Downtime.ToTimeSpan().TotalMilliseconds:0.0} ms, total {source.TotalTime.ToTimeSpan().TotalMilliseconds:0} ms, {source.Progress.TransferredBytes >> 20} MiB");
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Guest_moves_there_and_back_with_its_lease_and_its_memory()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A, "dirty=24 dirtyrate=40");
        var there = await guest.PrepareMoveAsync(lab.A, lab.B);
        await there.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await there.WaitForSourceAsync(MigrationPhase.Succeeded));
        await lab.B.WaitForMachineAsync(there.TargetPod.Uid, MachinePhase.Running);

        var back = await guest.Moved(there.TargetPod).PrepareMoveAsync(lab.B, lab.A);
        await back.StartAsync();
        var source = await back.WaitForSourceAsync(MigrationPhase.Succeeded);

        Invariants.Is(lab, MigrationPhase.Succeeded, source);
        await Invariants.OnlyRunsInAsync(back.TargetPod, guest.Pod, there.TargetPod);
        var machine = await lab.A.WaitForMachineAsync(back.TargetPod.Uid, MachinePhase.Running);
        Assert.Equal(guest.Machine.Interfaces[0].Lease, machine.Interfaces[0].Lease);
        await Invariants.NothingIsLeftAsync(lab, there.Id, back.Id);
    }

    [Fact]
    public async Task Guest_moves_between_pods_of_both_families_and_keeps_both()
    {
        await using var lab = await NodeLab.StartAsync();
        lab.A.HasDualStackPods = lab.B.HasDualStackPods = true;
        var guest = await LabGuest.StartAsync(lab.A);
        string[] addresses = [.. guest.Machine.Interfaces[0].Lease.Addresses.Select(address => address.Split('/')[0])];
        Assert.Equal(["10.244.1.2", "fd44:1::2"], addresses);
        await guest.Pod.Guest.WaitForAsync($"GUEST-ADDRESS eth0 {addresses[1]}/128", Ct);
        foreach (var address in addresses)
            await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 30 {address}");

        var move = await guest.PrepareMoveAsync(lab.A, lab.B, new MigrationOptions { Anchor = Anchor.Always });
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));

        var machine = await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running);
        Assert.Equal(guest.Machine.Interfaces[0].Lease, machine.Interfaces[0].Lease);
        foreach (var address in addresses)
            await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 30 {address}");
        await move.TargetPod.Guest.WaitForTicksAsync(1, Ct);
        Assert.DoesNotMatch("GUEST-(ADDRESS-GONE|DUPLICATE|CARRIER)", move.TargetPod.Guest.Console);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cancelled_copy_leaves_the_guest_where_it_was_and_another_migration_succeeds(bool encrypted)
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, Slow(encrypted));
        await move.StartAsync();
        await move.WaitForCopyAsync();

        await lab.A.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = move.Id, Reason = "changed my mind" });
        var source = await move.WaitForSourceAsync(MigrationPhase.Cancelled);
        var target = await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");

        Assert.Equal((MigrationPhase.Cancelled, "changed my mind"), (source.Phase, source.Reason));
        Assert.Equal(Outcome.Aborted, target.Outcome);
        await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Failed);
        await Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod);

        var second = await guest.PrepareMoveAsync(lab.A, lab.B, new MigrationOptions { AllowPlaintext = !encrypted });
        await second.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await second.WaitForSourceAsync(MigrationPhase.Succeeded));
        await Invariants.OnlyRunsInAsync(second.TargetPod, guest.Pod, move.TargetPod);
        await Invariants.NothingIsLeftAsync(lab, move.Id, second.Id);
    }

    [Fact]
    public async Task Copy_that_exceeds_its_time_limit_is_given_up_with_the_reason()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var options = Slow(encrypted: true);
        options.TimeLimit = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMilliseconds(1500));
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, options);
        await move.StartAsync();

        var source = await move.WaitForSourceAsync(MigrationPhase.Failed);

        Invariants.Is(lab, MigrationPhase.Failed, source);
        Assert.Contains("did not converge", source.Reason);
        await Invariants.OnlyRunsInAsync(guest.Pod, move.TargetPod);
    }

    [Fact]
    public async Task Requests_that_cannot_be_carried_out_are_refused_with_the_code_of_their_table()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, Slow(encrypted: true));
        var first = await move.PrepareAsync();

        Assert.Equal(first, await move.PrepareAsync());
        await RefusedAsync(StatusCode.Aborted, async () => await lab.B.Migrations.PrepareIncomingAsync(
            new PrepareIncomingRequest { MigrationId = "another", MachineId = move.TargetPod.Uid, SourceNode = "a" }));
        await RefusedAsync(StatusCode.FailedPrecondition, async () => await lab.A.Migrations.PrepareIncomingAsync(
            new PrepareIncomingRequest { MigrationId = "another", MachineId = guest.Pod.Uid, SourceNode = "a" }));
        await RefusedAsync(StatusCode.NotFound, async () => await lab.B.Migrations.PrepareIncomingAsync(
            new PrepareIncomingRequest { MigrationId = "another", MachineId = "nobody", SourceNode = "a" }));
        await RefusedAsync(StatusCode.InvalidArgument, async () => await lab.A.Migrations.StartOutgoingAsync(new StartOutgoingRequest { MigrationId = "x", MachineId = guest.Pod.Uid }));
        await RefusedAsync(StatusCode.NotFound, async () => await lab.A.Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = "x" }));

        await lab.A.Migrations.StartOutgoingAsync(move.Request());
        await lab.A.Migrations.StartOutgoingAsync(move.Request());
        await move.WaitForCopyAsync();
        await RefusedAsync(StatusCode.Aborted, async () => await lab.A.Machines.PauseAsync(new PauseRequest { Id = guest.Pod.Uid }));
        await RefusedAsync(StatusCode.FailedPrecondition, async () => await lab.A.Migrations.ReleaseMigrationAsync(new ReleaseMigrationRequest { MigrationId = move.Id }));
        await lab.A.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = move.Id });
        await lab.A.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = "never-known" });
        Invariants.Is(lab, MigrationPhase.Cancelled, await move.WaitForSourceAsync(MigrationPhase.Cancelled));
    }

    [Fact]
    public async Task Watcher_sees_the_migration_grow_and_the_stream_ends_with_it()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B, Slow(encrypted: true));
        await move.StartAsync();
        var seen = new List<MigrationState>();

        using var watch = lab.A.Migrations.WatchMigration(new WatchMigrationRequest { MigrationId = move.Id }, cancellationToken: Ct);
        await foreach (var change in watch.ResponseStream.ReadAllAsync(Ct))
            seen.Add(change.Migration);

        Invariants.Is(lab, MigrationPhase.Succeeded, seen[^1]);
        Assert.Contains(seen, state => state.Phase is MigrationPhase.Copying && state.Progress.Percent is > 0 and < 100);
        Assert.Equal(seen.Select(state => state.Version).Order().Distinct(), seen.Select(state => state.Version));
        Assert.Equal(100u, seen[^1].Progress.Percent);
    }

    /// <summary>About five seconds for the test guest.</summary>
    internal static MigrationOptions Slow(bool encrypted) => new() { AllowPlaintext = !encrypted, MaxBandwidth = 20 << 20 };

    private static async Task RefusedAsync(StatusCode code, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, refused.StatusCode);
        Assert.NotEmpty(refused.Status.Detail);
    }
}
