using Migration.Linux;
using Migration.Netlink;
using Migration.Node;
using Migration.Node.Networks;
using Migration.Testing;

namespace Migration.Host.Tests.Bindings;

/// <summary>What of a NIC goes on to the guest's: MTU, queues, MAC, carrier; and what the node remembers of it.</summary>
public sealed class NicPropertyTests
{
    private static readonly InterfacePlan Bridge = new() { Name = "default" };

    [Theory]
    [InlineData("Cable", "eth0", "tap0")]
    [InlineData("Takeover", "eth0-nic", "tap0 k6t-eth0 eth0")]
    public async Task Mtu_follows_the_pod_nic_also_when_it_changes(string wiring, string nic, string followers)
    {
        using var bench = await new BindingBench(Enum.Parse<WiringChoice>(wiring)).WithVethAsync("pod: addr add 10.81.0.5/24 dev eth0", "pod: link set eth0 mtu 1400");
        var bound = bench.Bind(Bridge);
        Assert.Equal(1400, bound.Lease.Mtu);
        foreach (var follower in followers.Split(' '))
            Assert.Equal(1400, await MtuAsync(bench.Pod, follower));

        await bench.Pod.IpAsync($"link set {nic} mtu 1300");

        foreach (var follower in followers.Split(' '))
            await BindingBench.EventuallyAsync(async () => await MtuAsync(bench.Pod, follower) == 1300, $"{follower} follows");
        await BindingBench.EventuallyAsync(() => Task.FromResult(bench.Attachments.List()[0].Bound!.Lease.Mtu == 1300), "the lease follows");
        using var guest = await bench.PlugAsync(bound);
        Assert.Contains("mtu=1300", await bench.LeaseAsync(guest));

        // Also while no node service runs.
        bench.Restart(meanwhile: () => bench.Pod.IpAsync($"link set {nic} mtu 1200").GetAwaiter().GetResult());
        Assert.Equal(1200, await MtuAsync(bench.Pod, "tap0"));
        await bench.Pod.IpAsync($"link set {nic} mtu 1250");
        await BindingBench.EventuallyAsync(async () => await MtuAsync(bench.Pod, "tap0") == 1250, "the next node follows, too");
    }

    [Theory]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable)]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover)]
    [InlineData(BindingKind.ManagedTap, WiringChoice.Cable)]
    internal async Task Every_queue_of_a_tap_with_several_carries_frames(BindingKind binding, WiringChoice wiring)
    {
        using var bench = await new BindingBench(wiring).WithVethAsync("pod: addr add 10.82.0.5/24 dev eth0");
        var bound = bench.Bind(Bridge with { Queues = 4, Binding = binding });
        Assert.Equal(4, bound.Queues);
        bench.Restart();
        bench.Check();

        using var tape = FrameTape.Start(bench.Outside, "host");
        using var tap = Tap.Open(bench.Pod.Space, bound.Tap, new TapOptions { Queues = 4, VirtioNetHeader = true });
        for (byte queue = 0; queue < 4; queue++)
            tap.Queues[queue].Write([.. new byte[10], 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0a, 0, 0, 0, 0, 5, 0x88, 0xb5, queue, .. new byte[45]]);

        var seen = tape.Stop(bench.Pod, wiring is WiringChoice.Takeover ? "eth0-nic" : "eth0").Where(frame => frame[12] == 0x88 && frame[13] == 0xb5).Select(frame => (int)frame[14]);
        Assert.Equal([0, 1, 2, 3], seen.Order());
    }

    [Theory]
    [InlineData(BindingKind.Bridge, WiringChoice.Cable)]
    [InlineData(BindingKind.Bridge, WiringChoice.Takeover)]
    [InlineData(BindingKind.Masquerade, WiringChoice.Cable)]
    internal async Task Another_number_of_queues_is_had_until_the_guest_runs(BindingKind binding, WiringChoice wiring)
    {
        using var bench = await new BindingBench(wiring).WithVethAsync("pod: addr add 10.82.0.5/24 dev eth0");
        foreach (var queues in new[] { 1, 4, 2, 1, 4 })
        {
            var bound = bench.Bind(Bridge with { Queues = queues, Binding = binding });
            bench.Check();
            using var tap = Tap.Open(bench.Pod.Space, bound.Tap, new TapOptions { Queues = queues, VirtioNetHeader = true });
            Assert.Equal(queues, tap.Queues.Count);
        }

        using var held = Tap.Open(bench.Pod.Space, "tap0", new TapOptions { Queues = 4, VirtioNetHeader = true });
        var refused = Assert.Throws<RefusedException>(() => bench.Bind(Bridge with { Queues = 1, Binding = binding }));
        Assert.Equal($"interface {Bridge.Name}: tap0 is in use with 4 queues; a guest that runs keeps them, and has 1 queue after its next start", refused.Message);
        bench.Check();
    }

    [Fact]
    public async Task Mac_is_the_specs_or_else_the_pods()
    {
        using var bench = await new BindingBench(WiringChoice.Cable).WithVethAsync("pod: addr add 10.83.0.5/24 dev eth0", "out: addr add 10.83.0.1/24 dev host");

        Assert.Equal("0a:00:00:00:00:05", bench.Bind(Bridge).Mac);
        var bound = bench.Bind(Bridge with { Mac = "0a:00:00:00:00:77" });

        Assert.Equal(("0a:00:00:00:00:77", "0a:00:00:00:00:77"), (bound.Mac, bound.Lease.Mac));
        using var guest = await bench.PlugAsync(bound);
        Assert.Contains("ip=10.83.0.5/24", await bench.LeaseAsync(guest));
        await bench.Outside.ExecuteAsync("ping -c 1 -W 20 10.83.0.5");
        Assert.Contains("0a:00:00:00:00:77", await bench.Outside.IpAsync("neigh show 10.83.0.5"));
    }

    [Fact]
    public async Task What_was_decided_for_a_nic_stays_so_when_the_node_is_told_otherwise()
    {
        using var bench = await new BindingBench(WiringChoice.Takeover).WithVethAsync("pod: addr add 10.84.0.5/24 dev eth0");
        bench.Bind(Bridge with { LinkState = LinkState.Down });
        var taken = await PodPicture.OfAsync(bench.Pod);

        bench.Restart(WiringChoice.Cable);

        var bound = bench.Attachments.List()[0].Bound!;
        Assert.Equal((Wiring.Takeover, LinkState.Down), (bound.Wiring, bound.LinkState));
        Assert.Equal(Wiring.Takeover, bench.Bind(Bridge).Wiring);
        Assert.Equal(taken, await PodPicture.OfAsync(bench.Pod));
        bench.Detach();
        Assert.Equal(Wiring.Cable, bench.Bind(Bridge).Wiring);
    }

    [Fact]
    public async Task Kernel_without_traffic_control_is_taken_over_and_served()
    {
        using var bench = await new BindingBench(kernel: new TrafficCapabilities(false, false, false, false)).WithVethAsync("pod: addr add 10.88.0.5/24 dev eth0", "out: addr add 10.88.0.1/24 dev host");
        var before = await PodPicture.SettledAsync(bench.Pod);
        var bound = bench.Bind(Bridge);
        using (var guest = await bench.PlugAsync(bound))
        {
            Assert.Equal(Wiring.Takeover, bound.Wiring);
            Assert.Contains("ip=10.88.0.5/24", await bench.LeaseAsync(guest));
            await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.88.0.1");
            Assert.DoesNotContain((await bench.Pod.TcJsonAsync("qdisc show")).EnumerateArray(), qdisc => qdisc.GetProperty("kind").GetString() == "clsact");
        }

        bench.Detach();
        await PodPicture.BecomesAsync(bench.Pod, before, "detached");
    }

    [Fact]
    public async Task Detach_restores_a_nic_that_was_taken_over_also_when_the_record_is_lost()
    {
        using var bench = await new BindingBench(WiringChoice.Takeover).WithVethAsync("pod: addr add 10.85.0.5/24 dev eth0", "pod: addr add 10.86.0.5/24 dev eth0", "pod: addr add fd00:85::5/64 dev eth0 nodad");
        var before = await PodPicture.OfAsync(bench.Pod);
        bench.Bind(Bridge);
        bench.LoseState();
        bench.Restart();

        bench.Detach();

        await PodPicture.BecomesAsync(bench.Pod, before, "detached");
    }

    [Fact]
    public async Task Managed_tap_is_left_to_whoever_serves_it()
    {
        foreach (var wiring in new[] { WiringChoice.Cable, WiringChoice.Takeover })
        {
            using var bench = await new BindingBench(wiring).WithVethAsync("pod: addr add 10.87.0.5/24 dev eth0", "out: addr add 10.87.0.1/24 dev host");
            var bound = bench.Bind(Bridge with { Binding = BindingKind.ManagedTap });
            using var guest = await bench.PlugAsync(bound);

            await Assert.ThrowsAsync<ShellException>(() => guest.Namespace.ExecuteAsync("busybox udhcpc -i eth0 -n -q -f -t 2 -T 1 -s /bin/true"));
            await guest.Namespace.IpAsync("addr add 10.87.0.5/24 dev eth0");
            await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.87.0.1");
            Assert.DoesNotContain("169.254", await bench.Pod.IpAsync("addr"));
            Assert.Equal(wiring is WiringChoice.Takeover, (await bench.Pod.IpAsync("-o link")).Contains("k6t-eth0", StringComparison.Ordinal));
        }
    }

    private static async Task<int> MtuAsync(TestNamespace space, string link) => (await space.IpJsonAsync($"link show {link}"))[0].GetProperty("mtu").GetInt32();
}
