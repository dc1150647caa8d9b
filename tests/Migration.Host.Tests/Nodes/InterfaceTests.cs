using Grpc.Core;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>Guests with several NICs, and NICs that come and go while the guest runs.</summary>
public sealed class InterfaceTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guest_has_every_planned_nic_with_its_queues_its_mac_and_its_carrier()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A, more: plan =>
        {
            plan.Cores = 2;
            plan.Interfaces.Add(new Interface { Name = "lan", PodInterface = "net1", Mac = "02:00:00:00:88:01", Queues = 2 });
            plan.Interfaces.Add(new Interface { Name = "off", PodInterface = "net2", LinkState = LinkState.Down });
        }, lanNics: ["net1", "net2"]);

        var console = await guest.Pod.Guest.WaitForAsync("GUEST-ADDRESS eth1 10.88.", Ct);
        Assert.Contains($"GUEST-NIC eth0 {guest.Pod.Mac}", console);
        Assert.Contains("GUEST-NIC eth1 02:00:00:00:88:01 queues 2", console);
        Assert.Contains("GUEST-NIC eth2 ", console);
        Assert.DoesNotContain("GUEST-CARRIER eth2 up", console);
        await PingsAsync(lab.B, Ipv4(guest.Machine, "lan"));
        await guest.Pod.Guest.WaitForAsync($"GUEST-ADDRESS eth1 {Ipv6(guest.Machine, "lan")}/128", Ct);
        await PingsAsync(lab.B, Ipv6(guest.Machine, "lan"));
        Assert.Equal(
            [("default", "eth0", 1u, LinkState.Up, true), ("lan", "net1", 2u, LinkState.Up, true), ("off", "net2", 1u, LinkState.Down, true)],
            guest.Machine.Interfaces.OrderBy(nic => nic.PodInterface).Select(nic => (nic.Name, nic.PodInterface, nic.Queues, nic.LinkState, nic.Plugged)));
        Assert.Equal([0u, 1u, 2u], guest.Machine.Plan.Interfaces.Select(nic => nic.Slot));
        await Invariants.NothingIsLeftAsync(lab);
    }

    [Theory]
    [InlineData("cable")]
    [InlineData("takeover")]
    public async Task Nic_is_plugged_into_a_running_guest_and_taken_out_again(string wiring)
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        lab.A.MoreArguments = ["--wiring", wiring];
        await lab.A.RestartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var hot = new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = new() { Name = "hot", PodInterface = "net1", Mac = "02:00:00:00:88:07" } };
        await RefusedAsync(StatusCode.FailedPrecondition, "has no NIC net1 yet", async () => await lab.A.Machines.HotplugInterfaceAsync(hot));
        var addresses = await guest.Pod.AddLanAsync("net1");
        var before = await LinksAsync(guest.Pod);

        var begun = TimeProvider.System.GetTimestamp();
        await lab.A.Machines.HotplugInterfaceAsync(hot);
        await lab.A.Machines.HotplugInterfaceAsync(hot);
        await guest.Pod.Guest.WaitForAsync("GUEST-NIC eth1 02:00:00:00:88:07", Ct);
        Tell("seen by the guest", begun);
        await guest.Pod.Guest.WaitForAsync($"GUEST-ADDRESS eth1 {addresses[0]}/16", Ct);
        Tell("IPv4", begun);
        await guest.Pod.Guest.WaitForAsync($"GUEST-ADDRESS eth1 {addresses[1]}/128", Ct);
        Tell("IPv6", begun);
        foreach (var address in addresses)
            await PingsAsync(lab.B, address);
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "hot", Plugged: true, Leased: true }), "the guest has it and its lease");

        begun = TimeProvider.System.GetTimestamp();
        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "hot" });
        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "hot" });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.All(nic => nic.Name != "hot"), "nothing is left of it");
        Tell("gone without a trace", begun);
        await guest.Pod.Guest.WaitForAsync("GUEST-NIC-GONE eth1", Ct);
        Assert.Equal(before, await LinksAsync(guest.Pod));
        Assert.DoesNotContain((await guest.Pod.Namespace.TcJsonAsync("qdisc show dev net1")).EnumerateArray(), qdisc => qdisc.GetProperty("kind").GetString() == "clsact");

        await lab.A.Machines.HotplugInterfaceAsync(hot);
        await WaitForAsync(guest.Pod.Guest, "GUEST-NIC eth1 02:00:00:00:88:07", 2);
        await Invariants.NothingIsLeftAsync(lab);
    }

    [Fact]
    public async Task Machine_is_launched_when_all_its_pod_nics_are_there_and_cni_has_not_taken_the_first_back()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var pod = await lab.A.CreatePodAsync("guest");
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.Interfaces.Add([new Interface { Name = "lan", PodInterface = "net1" }, new Interface { Name = "late", PodInterface = "net2" }]);
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
        await pod.AttachAsync();
        await pod.AddLanAsync("net1");
        pod.StartLauncher();
        var planned = await lab.A.WaitForMachineAsync(pod.Uid, machine => machine.Interfaces.Count == 2, "what was found in the pod is bound");
        Assert.Equal(MachinePhase.Planned, planned.Phase);

        await pod.DetachAsync();
        await lab.A.WaitForMachineAsync(pod.Uid, machine => machine.Interfaces.Count == 0, "without the pod network nothing counts");
        await pod.AddLanAsync("net2");
        await pod.AttachAsync();

        var running = await lab.A.WaitForMachineAsync(pod.Uid, MachinePhase.Running);
        Assert.Equal(["default", "lan", "late"], running.Interfaces.Select(nic => nic.Name).Order());
        await Invariants.NothingIsLeftAsync(lab);
    }

    [Fact]
    public async Task Plan_pushed_again_with_other_interfaces_is_what_the_guest_comes_to_have()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A, more: plan => plan.Interfaces.Add(new Interface { Name = "old", PodInterface = "net1" }), lanNics: ["net1"]);
        var plan = guest.Machine.Plan.Clone();
        plan.Interfaces.RemoveAt(1);
        // The pod NIC of this one comes later.
        plan.Interfaces.Add(new Interface { Name = "new", PodInterface = "net2", LinkState = LinkState.Down });

        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
        await guest.Pod.Guest.WaitForAsync("GUEST-NIC-GONE eth1", Ct);
        var waiting = await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.All(nic => nic.Name != "old"), "the old one is gone");
        Assert.Equal((MachinePhase.Running, false), (waiting.Phase, waiting.Plan.Interfaces[1].HasSlot));
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Reason == "interface new waits for pod NIC net2", "it says what it waits for");
        await guest.Pod.AddLanAsync("net2");
        await WaitForAsync(guest.Pod.Guest, "GUEST-NIC eth1 ", 2);
        var machine = await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "new", Plugged: true }), "the new one is plugged in");
        Assert.Equal(LinkState.Down, machine.Interfaces.Single(nic => nic.Name == "new").LinkState);

        plan.Interfaces[0].Model = "e1000";
        await RefusedAsync(StatusCode.FailedPrecondition, "only the link state", async () => await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }));
    }

    [Fact]
    public async Task Carrier_that_was_taken_away_stays_away_over_a_restart_until_it_is_given_back()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var begun = TimeProvider.System.GetTimestamp();
        await SetLinkAsync(lab.A, guest.Pod, LinkState.Down);
        await guest.Pod.Guest.WaitForAsync("GUEST-CARRIER eth0 down", Ct);
        Tell("seen by the guest", begun);
        await lab.A.RestartAsync();
        await WaitForLinkAsync(lab.A, guest.Pod, LinkState.Down);
        await Assert.ThrowsAsync<ShellException>(() => lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 1 {guest.Pod.Address}"));

        await SetLinkAsync(lab.A, guest.Pod, LinkState.Up);
        await WaitForAsync(guest.Pod.Guest, "GUEST-CARRIER eth0 up", 2);
        await PingsAsync(lab.A, guest.Pod.Address);

        await RefusedAsync(StatusCode.InvalidArgument, "has no interface other", async () => await lab.A.Machines.SetLinkStateAsync(new SetLinkStateRequest { Id = guest.Pod.Uid, Name = "other" }));
        await RefusedAsync(StatusCode.NotFound, "nobody", async () => await lab.A.Machines.SetLinkStateAsync(new SetLinkStateRequest { Id = "nobody", Name = "default" }));
        await RefusedAsync(StatusCode.InvalidArgument, "interface is missing", async () => await lab.A.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = guest.Pod.Uid }));
        await RefusedAsync(StatusCode.InvalidArgument, "two are bound to pod NIC eth0", async () =>
            await lab.A.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = new() { Name = "twin" } }));
    }

    [Fact]
    public async Task Node_service_that_is_killed_at_any_moment_finishes_what_it_began()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        await guest.Pod.AddLanAsync("net1");
        // Later and later within the work, which takes some ten milliseconds, and once after it.
        foreach (var delay in new[] { 0, 3, 8, 20, 300 })
        {
            await lab.A.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = new() { Name = "hot", PodInterface = "net1" } });
            await Task.Delay(delay, Ct);
            await lab.A.RestartAsync();
            await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "hot", Plugged: true }), "it is plugged in");

            await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "hot" });
            await Task.Delay(delay, Ct);
            await lab.A.RestartAsync();
            await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Phase is MachinePhase.Running && machine.Interfaces.All(nic => nic.Name != "hot"), "nothing is left of it");
            Assert.Equal(["eth0", "lo", "net1", "tap0"], await LinksAsync(guest.Pod));
        }

        await Invariants.NothingIsLeftAsync(lab);
    }

    [Fact]
    public async Task Network_that_the_node_makes_itself_comes_and_goes_with_its_interface()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var blue = new Interface
        {
            Name = "blue",
            PodInterface = "podblue",
            Delegate = new() { Name = "default/blue", Configuration = DelegateTests.BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64") },
        };

        await lab.A.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = blue });
        await guest.Pod.Guest.WaitForAsync("GUEST-ADDRESS eth1 10.66.1.2/24", Ct);
        await guest.Pod.Guest.WaitForAsync("GUEST-ADDRESS eth1 fd66:1::2/128", Ct);
        await PingsAsync(lab.A, "10.66.1.2");
        await PingsAsync(lab.A, "fd66:1::2");
        var machine = await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.NetworkStatus.Contains("default/blue", StringComparison.Ordinal), "the network status is told");
        Assert.Contains("podblue", machine.NetworkStatus);

        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "blue" });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.All(nic => nic.Name != "blue") && machine.NetworkStatus.Length == 0, "nothing is left of it");
        await guest.Pod.Guest.WaitForAsync("GUEST-NIC-GONE eth1", Ct);
        Assert.Equal(["eth0", "lo", "tap0"], await LinksAsync(guest.Pod));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(lab.Folder, "leases", "blue")), file => Path.GetFileName(file).StartsWith("10.66.1.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Machine_obeys_while_a_plugin_takes_its_time()
    {
        await using var lab = await NodeLab.StartAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var gate = Path.Combine(lab.Folder, "gate");
        var plugin = Path.Combine(lab.A.Plugins, "slow");
        await File.WriteAllTextAsync(plugin, $"#!/bin/sh\nwhile [ ! -e {gate} ]; do sleep 0.05; done\nexec /usr/lib/cni/bridge\n", Ct);
        File.SetUnixFileMode(plugin, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var slow = new Interface { Name = "slow", PodInterface = "podslow", Delegate = new() { Name = "default/slow", Configuration = DelegateTests.BridgeOf(lab, "slow", "10.66.2.0/24", "fd66:2::/64", "slow") } };

        await lab.A.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = slow });
        await lab.A.Machines.PauseAsync(new PauseRequest { Id = guest.Pod.Uid });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Paused);
        await lab.A.Machines.ResumeAsync(new ResumeRequest { Id = guest.Pod.Uid });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Running);
        Assert.DoesNotContain("GUEST-NIC eth1", guest.Pod.Guest.Console);
        await File.WriteAllTextAsync(gate, "", Ct);

        await guest.Pod.Guest.WaitForAsync("GUEST-ADDRESS eth1 10.66.2.2/24", Ct);
    }

    [Fact]
    public async Task Guest_that_does_not_let_go_of_a_nic_keeps_it_and_does_not_move()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A, "acpiphp.disable=1", plan => plan.Interfaces.Add(new Interface { Name = "lan", PodInterface = "net1" }), lanNics: ["net1"]);
        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        await move.PrepareAsync();

        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "lan" });
        var asked = await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Reason == "interface lan: the guest has not let go of it yet", "it says what it waits for");
        Assert.Contains(asked.Interfaces, nic => nic is { Name: "lan", Plugged: true });
        Assert.DoesNotContain(asked.Plan.Interfaces, nic => nic.Name == "lan");
        await RefusedAsync(StatusCode.FailedPrecondition, "interface lan is being unplugged", async () => await lab.A.Migrations.StartOutgoingAsync(move.Request()));
        await PingsAsync(lab.B, Ipv4(guest.Machine, "lan"));
        // Nobody waits for such a guest when all of it goes.
        await lab.B.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = move.Id });
        await lab.B.WaitForMigrationAsync(move.Id, LabMove.HasEnded, "the target has ended");
        await Invariants.NothingIsLeftAsync(lab, move.Id);
    }

    [Fact]
    public async Task Guest_keeps_all_its_nics_over_migrations_also_those_that_came_later()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A, more: plan => plan.Interfaces.Add(new Interface { Name = "lan", PodInterface = "net1" }), lanNics: ["net1"]);
        // Slot 1 becomes free, slot 2 is taken: the layout is none that the order of the plan would give.
        await PlugAsync(lab.A, guest.Pod, "hot", "net2");
        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "lan" });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.All(nic => nic.Name != "lan"), "nothing is left of it");
        await PlugAsync(lab.A, guest.Pod, "off", "net3", LinkState.Down);
        var before = await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "hot", Leased: true }), "the guest has its lease");
        Assert.Equal([("default", 0u), ("hot", 2u), ("off", 1u)], before.Plan.Interfaces.Select(nic => (nic.Name, nic.Slot)));

        await guest.Pod.Guest.WaitForAsync($"{Ipv6(before, "hot")}/128", Ct);

        var there = await MoveAsync(lab, guest, lab.A, lab.B);
        var arrived = await lab.B.WaitForMachineAsync(there.Pod.Uid, machine => machine.Interfaces.Count == 3 && machine.Interfaces.All(nic => nic.Plugged), "the guest has all of them");
        Assert.Equal(Shape(before), Shape(arrived));
        await PingsAsync(lab.A, Ipv4(before, "hot"));
        await PingsAsync(lab.A, Ipv6(before, "hot"));
        Assert.DoesNotContain("GUEST-NIC", there.Pod.Guest.Console);
        Assert.DoesNotContain("GUEST-CARRIER", there.Pod.Guest.Console);
        await SetLinkAsync(lab.B, there.Pod, LinkState.Up, "off");
        await there.Pod.Guest.WaitForAsync("GUEST-CARRIER eth1 up", Ct);
        await PlugAsync(lab.B, there.Pod, "third", "net4");

        var back = await MoveAsync(lab, there, lab.B, lab.A);
        var home = await lab.A.WaitForMachineAsync(back.Pod.Uid, machine => machine.Interfaces.Count == 4 && machine.Interfaces.All(nic => nic.Plugged), "the guest has all of them");
        Assert.Equal([("default", 0u), ("hot", 2u), ("off", 1u), ("third", 3u)], home.Plan.Interfaces.Select(nic => (nic.Name, nic.Slot)));
        await PingsAsync(lab.B, Ipv4(before, "hot"));
        await PingsAsync(lab.B, Ipv6(before, "hot"));
        await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = back.Pod.Uid, Name = "hot" });
        await back.Pod.Guest.WaitForAsync("GUEST-NIC-GONE", Ct);
    }

    [Fact]
    public async Task Nic_that_the_source_could_not_plug_in_is_plugged_in_where_the_guest_arrives()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        var plan = guest.Machine.Plan.Clone();
        plan.Interfaces.Add(new Interface { Name = "lan", PodInterface = "net1" });
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Reason == "interface lan waits for pod NIC net1", "it waits");

        // The target pod has it from the start.
        var there = await MoveAsync(lab, guest, lab.A, lab.B);

        await there.Pod.Guest.WaitForAsync("GUEST-NIC eth1", Ct);
        var machine = await lab.B.WaitForMachineAsync(there.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "lan", Leased: true }), "it has its lease");
        Assert.Equal(1u, machine.Plan.Interfaces.Single(nic => nic.Name == "lan").Slot);
        await PingsAsync(lab.A, Ipv4(machine, "lan"));
    }

    [Fact]
    public async Task Interfaces_do_not_change_during_a_migration_nor_does_one_begin_while_they_change()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        var guest = await LabGuest.StartAsync(lab.A);
        await guest.Pod.AddLanAsync("net1");
        var hot = new HotplugInterfaceRequest { Id = guest.Pod.Uid, Interface = new() { Name = "hot", PodInterface = "net1" } };
        var stale = await guest.PrepareMoveAsync(lab.A, lab.B);
        await lab.A.Machines.HotplugInterfaceAsync(hot);
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Interfaces.Any(nic => nic is { Name: "hot", Plugged: true }), "it is plugged in");

        // The target was made before: it lacks what the guest has by now.
        await stale.StartAsync();
        var failed = await stale.WaitForSourceAsync(MigrationPhase.Failed);
        Assert.Equal(MigrationPhase.Failed, failed.Phase);
        Assert.Contains("hot", failed.Reason);
        await lab.A.WaitForMachineAsync(guest.Pod.Uid, machine => machine.Phase is MachinePhase.Running && machine.MigrationId.Length == 0, "it runs on");

        var move = await guest.PrepareMoveAsync(lab.A, lab.B, MigrationTests.Slow(encrypted: true));
        await move.StartAsync();
        await move.WaitForCopyAsync();
        await RefusedAsync(StatusCode.Aborted, "in flight", async () => await lab.A.Machines.UnplugInterfaceAsync(new UnplugInterfaceRequest { Id = guest.Pod.Uid, Name = "hot" }));
        await RefusedAsync(StatusCode.Aborted, "in flight", async () => await lab.A.Machines.SetLinkStateAsync(new SetLinkStateRequest { Id = guest.Pod.Uid, Name = "hot" }));
        var plan = guest.Machine.Plan.Clone();
        await RefusedAsync(StatusCode.Aborted, "in flight", async () => await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan }));
        await lab.A.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = move.Id });
        await move.WaitForSourceAsync(MigrationPhase.Cancelled);
    }

    private static async Task<LabGuest> MoveAsync(NodeLab lab, LabGuest guest, LabNode from, LabNode to)
    {
        var move = await guest.PrepareMoveAsync(from, to);
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));
        await to.WaitForMachineAsync(move.TargetPod.Uid, machine => machine.Phase == MachinePhase.Running && machine.MigrationId.Length == 0, "it runs on the target");
        return guest.Moved(move.TargetPod);
    }

    private static async Task PlugAsync(LabNode node, LabPod pod, string name, string podNic, LinkState state = LinkState.Up)
    {
        await pod.AddLanAsync(podNic);
        await node.Machines.HotplugInterfaceAsync(new HotplugInterfaceRequest { Id = pod.Uid, Interface = new() { Name = name, PodInterface = podNic, LinkState = state } });
        await node.WaitForMachineAsync(pod.Uid, machine => machine.Interfaces.Any(nic => nic.Name == name && nic.Plugged), $"{name} is plugged in");
    }

    private static async Task SetLinkAsync(LabNode node, LabPod pod, LinkState state, string name = "default")
    {
        await node.Machines.SetLinkStateAsync(new SetLinkStateRequest { Id = pod.Uid, Name = name, Up = state is LinkState.Up });
        await WaitForLinkAsync(node, pod, state, name);
    }

    private static Task<Machine> WaitForLinkAsync(LabNode node, LabPod pod, LinkState state, string name = "default") =>
        node.WaitForMachineAsync(pod.Uid, machine => machine.Phase is MachinePhase.Running && machine.Interfaces.Single(nic => nic.Name == name).LinkState == state, $"the link of {name} is {state}");

    private static async Task RefusedAsync(StatusCode code, string words, Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(words, refused.Status.Detail);
    }

    /// <summary>One answer is enough: nothing is said about losses.</summary>
    private static Task PingsAsync(LabNode node, string address) => node.EventuallyAsync(async () =>
    {
        try
        {
            await node.Namespace.ExecuteAsync($"ping -c 1 -W 2 {address}");
            return true;
        }
        catch (ShellException)
        {
            return false;
        }
    }, $"{address} answers");

    private static async Task WaitForAsync(Guest guest, string text, int times)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        limit.CancelAfter(Guest.Limit);
        while (guest.Console.Split(text).Length <= times)
            await Task.Delay(20, limit.Token);
    }

    private static void Tell(string what, long since) =>
        TestContext.Current.TestOutputHelper?.WriteLine($"{what} after {TimeProvider.System.GetElapsedTime(since).TotalMilliseconds:0} ms");

    private static string Ipv4(Machine machine, string nic) => machine.Interfaces.Single(one => one.Name == nic).Lease.Addresses[0].Split('/')[0];

    private static string Ipv6(Machine machine, string nic) => machine.Interfaces.Single(one => one.Name == nic).Lease.Addresses[1].Split('/')[0];

    private static IEnumerable<(string, string, Lease, LinkState)> Shape(Machine machine) =>
        machine.Interfaces.OrderBy(nic => nic.Name).Select(nic => (nic.Name, nic.Mac, nic.Lease, nic.LinkState));

    private static async Task<IReadOnlyList<string?>> LinksAsync(LabPod pod) =>
        [.. (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()).Order()];
}
