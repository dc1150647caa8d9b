using Migration.Linux;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>One machine's life on one node, and the node service's own.</summary>
public sealed class MachineTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guest_outlives_its_node_service_and_is_taken_up_again()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        Assert.Equal(("pc-q35-7.2", Accelerator.Tcg), (guest.Machine.MachineType, guest.Machine.Accelerator));
        Assert.NotEmpty(guest.Machine.CpuModel);

        Assert.Equal(new ProcessExit(0, 0), await lab.A.StopAsync());
        await guest.Pod.Guest.WaitForTicksAsync(2, Ct);
        await lab.A.StartServiceAsync();
        var taken = await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Running);
        await lab.A.RestartAsync();
        var again = await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Running);

        Assert.Equal((guest.Machine.QemuPid, guest.Machine.QemuPid), (taken.QemuPid, again.QemuPid));
        Assert.Equal(guest.Machine.Plan, again.Plan);
        Assert.True(again.Version > taken.Version && taken.Version > guest.Machine.Version);
        Assert.True(again.Interfaces[0].Leased);
        await guest.Pod.Guest.WaitForTicksAsync(1, Ct);
    }

    [Fact]
    public async Task Guest_that_boots_with_ip_dhcp_has_its_address_before_anything_else_runs_in_it()
    {
        await using var lab = await NodeLab.StartAsync();

        var guest = await LabGuest.StartAsync(lab.A, "ip=dhcp");

        // Its initramfs says so, before GUEST-UP; nobody else in it asks for IPv4 then.
        var console = await guest.Pod.Guest.WaitForAsync("GUEST-UP", Ct);
        var said = console[..console.IndexOf("GUEST-UP", StringComparison.Ordinal)];
        Assert.Contains("IP-Config: eth0 complete (dhcp from 169.254.75.10)", said);
        Assert.Matches($@"address: {guest.Pod.Address}\s", said);
        Assert.Contains("routes : 0.0.0.0/0 via 10.244.1.1", said);
        Assert.DoesNotContain("GUEST-ADDRESS eth0 10.", console);
        await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 30 {guest.Pod.Address}");
    }

    [Fact]
    public async Task Paused_guest_stands_still_over_a_restart_until_it_is_resumed()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);

        await lab.A.Machines.PauseAsync(new PauseRequest { Id = guest.Pod.Uid });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Paused);
        await lab.A.RestartAsync();
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Paused);
        await Invariants.NobodyRunsAsync(guest.Pod);
        await lab.A.Machines.ResumeAsync(new ResumeRequest { Id = guest.Pod.Uid });

        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Running);
        await guest.Pod.Guest.WaitForTicksAsync(2, Ct);
    }

    [Fact]
    public async Task Deleted_machine_is_shut_down_by_its_power_button_and_forgotten()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        using var watch = lab.A.Machines.WatchMachines(new WatchMachinesRequest(), cancellationToken: Ct);
        var seen = new List<WatchMachinesResponse>();
        while (!seen.Any(change => change.Synced) && await watch.ResponseStream.MoveNext(Ct))
            seen.Add(watch.ResponseStream.Current);
        Assert.Equal(guest.Pod.Uid, seen[0].Machine.Id);

        await lab.A.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = guest.Pod.Uid, GracePeriod = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(30)) });
        while (!seen[^1].Deleted && await watch.ResponseStream.MoveNext(Ct))
            seen.Add(watch.ResponseStream.Current);

        Assert.Contains("GUEST-POWEROFF", guest.Pod.Guest.Console);
        var versions = seen.Where(change => change.Machine is not null).Select(change => change.Machine.Version).ToList();
        Assert.Equal(versions.Order().Distinct(), versions);
        Assert.Equal(new ProcessExit(0, 0), await guest.Pod.Launcher.WaitForExitAsync(LabNode.Limit));
        await lab.A.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = guest.Pod.Uid });
        await Invariants.NothingIsLeftAsync(lab);
    }

    [Fact]
    public async Task Qemu_that_is_killed_fails_the_machine_with_the_reason()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);

        await Shell.RunAsync("kill", "-KILL", $"{guest.Machine.QemuPid}");
        var failed = await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Failed);

        Assert.Contains("signal 9", failed.Reason);
        Assert.Equal(0, failed.QemuPid);
    }

    [Fact]
    public async Task Machine_that_this_node_cannot_run_fails_with_the_reason()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("guest");
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.MachineType = "pc-q35-99.0";
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
        await pod.AttachAsync();
        pod.StartLauncher();

        var failed = await lab.A.WaitForMachineAsync(pod.Uid, MachinePhase.Failed);

        Assert.Contains("pc-q35-99.0", failed.Reason);
    }

    [Fact]
    public async Task Node_tells_what_it_is()
    {
        await using var lab = await NodeLab.StartAsync();
        var node = await lab.A.Node.GetNodeAsync(new GetNodeRequest());

        Assert.Equal(("a", "10.91.0.1:7411", "10.91.0.1:7412", Wiring.Cable), (node.Name, node.ControlEndpoint, node.DataEndpoint, node.Wiring));
        Assert.Equal([Accelerator.Tcg], node.Accelerators);
        Assert.Contains("pc-q35-7.2", node.MachineTypes);
        Assert.Contains("qemu64-v1", node.CpuModels);
        Assert.StartsWith("7.2", node.QemuVersion);
    }

    [Fact]
    public async Task Second_service_on_the_same_state_refuses_to_start()
    {
        await using var lab = await NodeLab.StartAsync();
        var refused = await Assert.ThrowsAsync<ShellException>(() =>
            Shell.RunAsync(BuiltProgram.Path("migration-node"), "--name", "x", "--socket", Path.Combine(lab.Folder, "other.sock"), "--state", lab.A.State));

        Assert.Contains("another migration-node serves the state directory", refused.Message);
        Assert.True((await lab.A.Networks.StatusAsync(new StatusRequest())).Ready);
    }
}
