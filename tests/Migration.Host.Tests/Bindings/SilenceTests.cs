using System.Text.Json;
using Migration.Node.Networks;
using Migration.Packets;
using Migration.Testing;

namespace Migration.Host.Tests.Bindings;

/// <summary>Two stacks with the same addresses, the pod's and the guest's, and only one of them is ever heard.</summary>
public sealed class SilenceTests
{
    private const string GuestMac = "0a:00:00:00:00:99";

    [Fact]
    public async Task Pods_own_stack_says_nothing_in_either_family()
    {
        using var bench = await DualAsync("Cable");
        bench.Bind(new InterfacePlan { Name = "default" });
        using var tape = FrameTape.Start(bench.Outside, "host");

        // ARP, ICMP, a search for duplicates, group memberships, neighbour solicitations.
        await Assert.ThrowsAsync<ShellException>(() => bench.Pod.ExecuteAsync("ping -c 1 -W 1 10.80.0.1"));
        await Assert.ThrowsAsync<ShellException>(() => bench.Pod.ExecuteAsync("ping -6 -c 1 -W 1 fd00:80::1"));
        await bench.Pod.ExecuteAsync("sysctl -qw net.ipv6.conf.eth0.accept_dad=1");
        await bench.Pod.IpAsync("addr add fd00:80::77/64 dev eth0");
        await BindingBench.EventuallyAsync(async () => !await IsTentativeAsync(bench.Pod), "the pod's search for duplicates ends");

        Assert.Empty(tape.Stop(bench.Pod, "eth0"));
        // They were made, and dropped on the way out.
        var drops = (await bench.Pod.TcJsonAsync("qdisc show dev eth0")).EnumerateArray().Single(qdisc => qdisc.GetProperty("kind").GetString() == "clsact").GetProperty("drops").GetInt32();
        Assert.InRange(drops, 3, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(OtherCniTests.Wirings), MemberType = typeof(OtherCniTests))]
    public async Task Guest_finds_no_duplicate_of_the_pods_addresses(string wiring)
    {
        using var bench = await DualAsync(wiring);
        var bound = bench.Bind(new InterfacePlan { Name = "default" });
        using var tape = FrameTape.Start(bench.Outside, "host");

        using var guest = await bench.PlugAsync(bound, ipv6: true);
        await guest.Namespace.IpAsync("addr add fd00:80::5/64 dev eth0");
        await BindingBench.EventuallyAsync(async () => !await IsTentativeAsync(guest.Namespace), "the guest's search for duplicates ends");

        Assert.DoesNotContain("dadfailed", await guest.Namespace.IpAsync("-6 addr show dev eth0"));
        await guest.Namespace.ExecuteAsync("ping -6 -c 1 -W 20 -I fd00:80::5 fd00:80::1");
        // It did search, and everybody could hear it.
        var target = System.Net.IPAddress.Parse("fd00:80::5").GetAddressBytes();
        Assert.Contains(tape.Stop(bench.Pod, wiring == "Takeover" ? "eth0-nic" : "eth0"), frame => frame.Length >= 78 && frame[20] == 58 && frame[54] == 135 && frame.AsSpan(22, 16).IndexOfAnyExcept((byte)0) < 0 && frame.AsSpan(62, 16).SequenceEqual(target));
    }

    [Theory]
    [MemberData(nameof(OtherCniTests.Wirings), MemberType = typeof(OtherCniTests))]
    public async Task Guest_that_is_to_arrive_is_not_spoken_of_before_it_runs(string wiring)
    {
        using var bench = await DualAsync(wiring);
        using var tape = FrameTape.Start(bench.Outside, "host");
        var lease = new GuestLease { Mac = GuestMac, Addresses = ["10.80.0.99/24", "fd00:80::99/64"], Gateway = "10.80.0.1", Routes = [new("::/0", "fd00:80::1")], Mtu = 1500 };

        var bound = bench.Bind(new InterfacePlan { Name = "default", Lease = lease });
        bench.Restart();
        bench.Check();

        var mac = new byte[MacAddress.Length];
        MacAddress.Parse(GuestMac).Write(mac);
        var nic = wiring == "Takeover" ? "eth0-nic" : "eth0";
        Assert.DoesNotContain(tape.Stop(bench.Pod, nic), frame => frame.AsSpan().IndexOf(mac) >= 0);

        // Now it runs: its frames pass.
        Assert.Equal((GuestMac, lease.Addresses), (bound.Mac, bound.Lease.Addresses));
        using var guest = await bench.PlugAsync(bound);
        await guest.Namespace.IpAsync("addr add 10.80.0.99/24 dev eth0");
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.80.0.1");
        Assert.Contains(tape.Stop(bench.Pod, nic), frame => frame.AsSpan(6, 6).SequenceEqual(mac));
    }

    [Theory]
    [InlineData("Cable", BindingKind.Bridge, 6)]
    [InlineData("Takeover", BindingKind.Bridge, 6)]
    [InlineData("Takeover", BindingKind.ManagedTap, 1)]
    [InlineData("Cable", BindingKind.Masquerade, 0)]
    internal async Task Guest_that_arrived_is_announced_at_the_nic_whatever_its_name(string wiring, BindingKind binding, int expected)
    {
        using var bench = await DualAsync(wiring);
        await bench.WithAsync("pod: addr add 10.80.0.6/24 dev eth0");
        var attachment = bench.Attach(new InterfacePlan { Name = "default", Binding = binding, Mac = GuestMac });
        using var tape = FrameTape.Start(bench.Outside, "host");

        using (var socket = Announcer.Open(attachment, attachment.Bound!))
        {
            foreach (var frame in Announcer.Frames(attachment.Bound!))
                Assert.True(socket.TrySend(frame));
        }

        var mac = new byte[MacAddress.Length];
        MacAddress.Parse(GuestMac).Write(mac);
        Assert.Equal(expected, tape.Stop(bench.Pod, wiring == "Takeover" ? "eth0-nic" : "eth0").Count(frame => frame.AsSpan(6, 6).SequenceEqual(mac)));
    }

    private static Task<BindingBench> DualAsync(string wiring) => new BindingBench(Enum.Parse<WiringChoice>(wiring)).WithVethAsync(
        "pod: addr add 10.80.0.5/24 dev eth0", "pod: addr add fd00:80::5/64 dev eth0 nodad", "pod: route add default via 10.80.0.1",
        "out: addr add 10.80.0.1/24 dev host", "out: addr add fd00:80::1/64 dev host nodad");

    private static async Task<bool> IsTentativeAsync(TestNamespace space) =>
        (await space.IpJsonAsync("-6 addr show dev eth0"))[0].GetProperty("addr_info").EnumerateArray().Any(address => address.TryGetProperty("tentative", out JsonElement _));
}
