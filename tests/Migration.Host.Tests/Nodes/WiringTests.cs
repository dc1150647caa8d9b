using Grpc.Core;
using Migration.Host.Tests.Bindings;
using Migration.Linux;
using Migration.Netlink;
using Migration.Protos;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>The takeover wiring in the built node service: told by a flag, shown, judged by real plugins and clients, and killed in between.</summary>
public sealed class WiringTests
{
    private static readonly Interface Bridge = new() { Name = "default", PodInterface = "eth0", Binding = Binding.Bridge };

    [Fact]
    public async Task Node_shows_the_wiring_that_it_chose_or_was_told()
    {
        await using var lab = await NodeLab.StartAsync();
        Assert.Equal(Wiring.Cable, (await lab.A.Node.GetNodeAsync(new GetNodeRequest())).Wiring);

        await TakeoverAsync(lab.A);

        Assert.Equal(Wiring.Takeover, (await lab.A.Node.GetNodeAsync(new GetNodeRequest())).Wiring);
    }

    [Fact]
    public async Task Takeover_has_kubevirts_links_serves_the_guest_and_leaves_nothing_to_the_plugins_del()
    {
        await using var lab = await NodeLab.StartAsync();
        await TakeoverAsync(lab.A);
        var pod = await lab.A.CreatePodAsync("net");
        var before = await PodPicture.SettledAsync(pod.Namespace);

        var attachment = await pod.AttachAsync(Bridge);

        Assert.Equal((Wiring.Takeover, "tap0", pod.Mac), (attachment.Interface.Wiring, attachment.Interface.Tap, attachment.Interface.Mac));
        var links = (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().ToDictionary(link => link.GetProperty("ifname").GetString()!);
        Assert.Equal("k6t-eth0", links["eth0-nic"].GetProperty("master").GetString());
        Assert.Equal("k6t-eth0", links["tap0"].GetProperty("master").GetString());
        Assert.NotEqual(pod.Mac, links["eth0-nic"].GetProperty("address").GetString());
        Assert.Equal((pod.Mac, "DOWN"), (links["eth0"].GetProperty("address").GetString(), links["eth0"].GetProperty("operstate").GetString()));
        Assert.Contains($"{pod.Address}/24", await pod.Namespace.IpAsync("addr show eth0"));
        Assert.Contains("169.254.75.10/32", await pod.Namespace.IpAsync("addr show k6t-eth0"));
        Assert.Equal("1\n", await pod.Namespace.ExecuteAsync("sysctl -n net.ipv4.conf.k6t-eth0.arp_ignore"));
        Assert.False((await pod.Namespace.BridgeJsonAsync("link show dev eth0-nic"))[0].GetProperty("learning").GetBoolean());
        using (var guest = await LabGuestStack.PlugAsync(pod, "tap0", attachment.Interface.Mac))
        {
            Assert.Contains($"ip={pod.Address} mask=24 router=10.244.1.1 mtu=1500", await guest.UdhcpcAsync(lab.Folder));
            await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.244.1.1");
            await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 20 {pod.Address}");
        }

        await pod.DetachAsync();
        await PodPicture.BecomesAsync(pod.Namespace, before, "detached");
        await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 20 {pod.Address}");
        await pod.CniAsync("CHECK");
        await pod.CniAsync("DEL");
        Assert.Equal(["lo"], (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()));
    }

    /// <summary>The moments are as the machine has them: what matters is that a process really died, somewhere in there.</summary>
    [Theory]
    [InlineData("tap0")]
    [InlineData("k6t-eth0")]
    [InlineData("eth0-nic")]
    [InlineData("eth0-off")]
    public async Task Killed_node_finishes_what_it_began(string moment)
    {
        await using var lab = await NodeLab.StartAsync();
        await TakeoverAsync(lab.A);
        var pod = await lab.A.CreatePodAsync("net");
        await pod.AttachAsync(Bridge);
        var attached = await PodPicture.OfAsync(pod.Namespace);
        await pod.DetachAsync();
        // With its first Detach a pod has been through all that it ever will be.
        var before = await PodPicture.SettledAsync(pod.Namespace);

        await KilledAsync(lab.A, pod, moment, () => pod.AttachAsync(Bridge));
        await pod.AttachAsync(Bridge);
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        await PodPicture.BecomesAsync(pod.Namespace, attached, "attached after a death");

        await KilledAsync(lab.A, pod, moment, pod.DetachAsync);
        await pod.DetachAsync();
        await PodPicture.BecomesAsync(pod.Namespace, before, "detached after a death");
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(lab.A.State, "attachments")));
    }

    [Fact]
    public async Task Guest_moves_between_nodes_that_take_over()
    {
        await using var lab = await NodeLab.StartAsync();
        await Task.WhenAll(TakeoverAsync(lab.A), TakeoverAsync(lab.B));
        var guest = await LabGuest.StartAsync(lab.A);
        var lease = (await lab.A.WaitForMachineAsync(guest.Pod.Uid, MachinePhase.Running)).Interfaces[0].Lease;

        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        await move.StartAsync();
        Invariants.Is(lab, MigrationPhase.Succeeded, await move.WaitForSourceAsync(MigrationPhase.Succeeded));

        var nic = (await lab.B.WaitForMachineAsync(move.TargetPod.Uid, MachinePhase.Running)).Interfaces[0];
        Assert.Equal((Wiring.Takeover, lease), (nic.Wiring, nic.Lease));
        await Invariants.OnlyRunsInAsync(move.TargetPod, guest.Pod);
    }

    private static async Task TakeoverAsync(LabNode node)
    {
        node.MoreArguments = ["--wiring", "takeover"];
        await node.RestartAsync();
    }

    /// <summary>Kills the node as soon as something happens to a link of this name while the operation runs.</summary>
    private static async Task KilledAsync(LabNode node, LabPod pod, string link, Func<Task> operation)
    {
        using (var monitor = LinkMonitor.Open(pod.Namespace.Space))
        using (var poller = new Poller())
        {
            var seen = false;
            using var watch = poller.Watch(monitor.Descriptor, () => monitor.Read(one => seen |= one.Link.Name == link, () => seen = true));
            var running = operation();
            while (!seen && !running.IsCompleted)
                poller.Wait(TimeSpan.FromMilliseconds(1));
            if (!seen && running.IsFaulted)
                await running;
            poller.Wait(TimeSpan.Zero);
            Assert.True(seen, $"nothing happened to {link}");
            node.Kill();
            try
            {
                await running;
            }
            catch (RpcException)
            {
                // Nobody is there any more to answer, unless the answer was quicker.
            }
        }

        await node.StartServiceAsync();
    }
}
