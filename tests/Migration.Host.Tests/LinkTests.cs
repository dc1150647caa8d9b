using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class LinkTests
{
    [Fact]
    public async Task A_veth_pair_spans_two_namespaces()
    {
        using var left = TestNamespace.Create("left");
        using var right = TestNamespace.Create("right");
        using var route = RouteClient.Open(left.Space);

        route.CreateLink(new NewLink.Veth
        {
            Name = "eth0",
            Mac = PhysicalAddress.Parse("02-00-00-00-00-01"),
            Mtu = 1400,
            TransmitQueueLength = 77,
            Up = true,
            PeerName = "peer0",
            PeerNamespace = right.Space,
            PeerMac = PhysicalAddress.Parse("02-00-00-00-00-02"),
            PeerMtu = 1300,
        });
        using (var far = RouteClient.Open(right.Space))
            far.SetLink(far.GetLink("peer0").Index, new LinkChanges { Up = true });

        var link = (await left.IpJsonAsync("link show eth0"))[0];
        Assert.Equal("02:00:00:00:00:01", link.GetProperty("address").GetString());
        Assert.Equal(1400, link.GetProperty("mtu").GetInt32());
        Assert.Equal(77, link.GetProperty("txqlen").GetInt32());
        Assert.Equal("UP", link.GetProperty("operstate").GetString());
        var peer = (await right.IpJsonAsync("link show peer0"))[0];
        Assert.Equal("02:00:00:00:00:02", peer.GetProperty("address").GetString());
        Assert.Equal(1300, peer.GetProperty("mtu").GetInt32());

        var read = route.GetLink("eth0");
        Assert.Equal(link.GetProperty("ifindex").GetInt32(), read.Index);
        Assert.Equal("veth", read.Kind);
        Assert.Equal(peer.GetProperty("ifindex").GetInt32(), read.LinkedIndex);
        Assert.NotNull(read.LinkedNamespaceId);
        Assert.Equal(OperationalState.Up, read.State);
        Assert.Equal(read with { Counters = default }, route.GetLink(read.Index) with { Counters = default });
    }

    [Fact]
    public async Task A_bridge_has_the_settings_it_was_made_with()
    {
        using var space = TestNamespace.Create("bridge");
        using var route = RouteClient.Open(space.Space);

        route.CreateLink(new NewLink.Bridge
        {
            Name = "br0",
            SpanningTree = true,
            ForwardDelay = 400,
            AgeingTime = 12300,
            MulticastSnooping = false,
        });

        var shown = (await space.IpJsonAsync("link show br0"))[0];
        var data = shown.GetProperty("linkinfo").GetProperty("info_data");
        Assert.Equal(400, data.GetProperty("forward_delay").GetInt32());
        Assert.Equal(12300, data.GetProperty("ageing_time").GetInt32());
        Assert.Equal(1, data.GetProperty("stp_state").GetInt32());
        Assert.Equal(0, data.GetProperty("mcast_snooping").GetInt32());

        Assert.Equal(new LinkDetails.Bridge { SpanningTree = true, ForwardDelay = 400, AgeingTime = 12300 }, route.GetLink("br0").Details);
    }

    [Fact]
    public async Task Ports_join_a_bridge_and_their_flags_are_set_and_read()
    {
        using var space = TestNamespace.Create("ports");
        using var route = RouteClient.Open(space.Space);
        route.CreateLink(new NewLink.Bridge { Name = "br0" });
        var bridge = route.GetLink("br0").Index;
        route.CreateLink(new NewLink.Veth { Name = "p0", PeerName = "q0", MasterIndex = bridge });
        var port = route.GetLink("p0").Index;
        Assert.Equal(bridge, route.GetLink(port).MasterIndex);

        route.SetBridgePort(port, new BridgePort
        {
            Learning = false,
            UnicastFlood = false,
            MulticastFlood = false,
            BroadcastFlood = false,
            Isolated = true,
            Hairpin = true,
            Guard = true,
        });

        var shown = (await space.BridgeJsonAsync("link show dev p0"))[0];
        Assert.Equal("br0", shown.GetProperty("master").GetString());
        foreach (var (name, value) in new[] { ("learning", false), ("flood", false), ("mcast_flood", false), ("bcast_flood", false), ("isolated", true), ("hairpin", true), ("guard", true) })
            Assert.True(shown.GetProperty(name).GetBoolean() == value, $"{name} is not {value}: {shown}");

        var read = Assert.IsType<BridgePort>(route.GetLink(port).Port);
        Assert.Equal((false, true, true, false), (read.Learning, read.Isolated, read.Hairpin, read.UnicastFlood));

        route.SetBridgePort(port, new BridgePort { Learning = true });
        read = route.GetLink(port).Port!;
        Assert.Equal((true, true), (read.Learning, read.Isolated));

        route.SetLink(port, new LinkChanges { MasterIndex = 0 });
        Assert.Null(route.GetLink(port).MasterIndex);
        Assert.Null(route.GetLink(port).Port);
    }

    [Fact]
    public async Task A_vxlan_made_for_another_namespace_keeps_its_underlay()
    {
        using var host = TestNamespace.Create("host");
        using var pod = TestNamespace.Create("pod");
        using var route = RouteClient.Open(host.Space);
        route.CreateLink(new NewLink.Veth { Name = "under0", PeerName = "far0", Up = true });

        route.CreateLink(new NewLink.Vxlan
        {
            Name = "stretch0",
            Namespace = pod.Space,
            Id = 4242,
            Port = 4790,
            Local = IPAddress.Parse("192.0.2.1"),
            Remote = IPAddress.Parse("192.0.2.2"),
            UnderlayIndex = route.GetLink("under0").Index,
            UdpChecksum = false,
            Mtu = 1450,
        });

        Assert.Null(route.FindLink("stretch0"));
        var shown = (await pod.IpJsonAsync("link show stretch0"))[0];
        Assert.Equal(1450, shown.GetProperty("mtu").GetInt32());
        var data = shown.GetProperty("linkinfo").GetProperty("info_data");
        Assert.Equal(4242, data.GetProperty("id").GetInt32());
        Assert.Equal(4790, data.GetProperty("port").GetInt32());
        Assert.Equal("192.0.2.2", data.GetProperty("remote").GetString());
        Assert.False(data.GetProperty("learning").GetBoolean());
        Assert.True(shown.TryGetProperty("link_netnsid", out _));

        using var inside = RouteClient.Open(pod.Space);
        var details = Assert.IsType<LinkDetails.Vxlan>(inside.GetLink("stretch0").Details);
        Assert.Equal((4242u, (ushort)4790, false), (details.Id, details.Port, details.Learning));
        Assert.Equal(IPAddress.Parse("192.0.2.1"), details.Local);
        Assert.Equal(IPAddress.Parse("192.0.2.2"), details.Remote);
    }

    [Fact]
    public void A_vxlan_speaks_ipv6()
    {
        using var space = TestNamespace.Create("vxlan6");
        using var route = RouteClient.Open(space.Space);
        route.CreateLink(new NewLink.Vxlan { Name = "v6", Id = 1, Port = 4790, Remote = IPAddress.Parse("2001:db8::2"), Local = IPAddress.Parse("2001:db8::1") });
        var details = Assert.IsType<LinkDetails.Vxlan>(route.GetLink("v6").Details);
        Assert.Equal(IPAddress.Parse("2001:db8::2"), details.Remote);
        Assert.Equal(IPAddress.Parse("2001:db8::1"), details.Local);
    }

    [Fact]
    public async Task A_macvlan_has_its_parent_and_mode()
    {
        using var space = TestNamespace.Create("macvlan");
        using var route = RouteClient.Open(space.Space);
        route.CreateLink(new NewLink.Veth { Name = "parent0", PeerName = "far0" });
        var parent = route.GetLink("parent0").Index;
        route.CreateLink(new NewLink.Macvlan { Name = "mv0", ParentIndex = parent, Mode = MacvlanMode.Private });

        var shown = (await space.IpJsonAsync("link show mv0"))[0];
        Assert.Equal("private", shown.GetProperty("linkinfo").GetProperty("info_data").GetProperty("mode").GetString());
        var read = route.GetLink("mv0");
        Assert.Equal(parent, read.LinkedIndex);
        Assert.Null(read.LinkedNamespaceId);
        Assert.Equal(new LinkDetails.Macvlan { Mode = MacvlanMode.Private }, read.Details);
    }

    [Fact]
    public async Task A_link_is_changed_in_one_message()
    {
        using var space = TestNamespace.Create("set");
        using var route = RouteClient.Open(space.Space);
        route.CreateLink(new NewLink.Veth { Name = "a0", PeerName = "b0" });
        var index = route.GetLink("a0").Index;

        route.SetLink(index, new LinkChanges
        {
            Name = "renamed0",
            Mac = PhysicalAddress.Parse("02-00-00-00-00-09"),
            Mtu = 9000,
            Arp = false,
            Multicast = false,
            Promiscuous = true,
            TransmitQueueLength = 5,
            AddressGeneration = AddressGeneration.None,
            Up = true,
        });

        var shown = (await space.IpJsonAsync("link show renamed0"))[0];
        var flags = shown.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()).ToArray();
        Assert.Contains("NOARP", flags);
        Assert.Contains("UP", flags);
        Assert.Contains("PROMISC", flags);
        Assert.DoesNotContain("MULTICAST", flags);
        Assert.Equal("02:00:00:00:00:09", shown.GetProperty("address").GetString());
        Assert.Equal(9000, shown.GetProperty("mtu").GetInt32());
        Assert.Equal(5, shown.GetProperty("txqlen").GetInt32());
        Assert.Equal("none", shown.GetProperty("inet6_addr_gen_mode").GetString());

        route.SetLink(index, new LinkChanges { Arp = true, Up = false });
        var read = route.GetLink(index);
        Assert.False(read.Flags.HasFlag(LinkFlags.NoArp));
        Assert.False(read.IsUp);
        Assert.Equal(AddressGeneration.None, read.AddressGeneration);
        Assert.True(read.Flags.HasFlag(LinkFlags.Promiscuous));
    }

    [Fact]
    public async Task A_link_moves_to_another_namespace()
    {
        using var from = TestNamespace.Create("from");
        using var to = TestNamespace.Create("to");
        using var route = RouteClient.Open(from.Space);
        route.CreateLink(new NewLink.Veth { Name = "a0", PeerName = "b0" });

        route.SetLink(route.GetLink("a0").Index, new LinkChanges { Namespace = to.Space, Name = "eth0" });

        Assert.Null(route.FindLink("a0"));
        Assert.Equal("eth0", (await to.IpJsonAsync("link show eth0"))[0].GetProperty("ifname").GetString());
    }

    [Fact]
    public async Task A_persistent_tap_is_read_back_and_attached_to_again()
    {
        using var space = TestNamespace.Create("tap");
        using var route = RouteClient.Open(space.Space);
        using (var tap = Tap.Open(space.Space, "tap0", new TapOptions { Queues = 2, Owner = 107, Group = 108, Persistent = true }))
            Assert.Equal(2, tap.Queues.Count);

        var data = (await space.IpJsonAsync("link show tap0"))[0].GetProperty("linkinfo").GetProperty("info_data");
        Assert.Equal("tap", data.GetProperty("type").GetString());
        Assert.True(data.GetProperty("vnet_hdr").GetBoolean());
        Assert.True(data.GetProperty("multi_queue").GetBoolean());
        Assert.True(data.GetProperty("persist").GetBoolean());
        var index = route.GetLink("tap0").Index;
        var details = Assert.IsType<LinkDetails.Tap>(route.GetLink(index).Details);
        Assert.Equal((107u, 108u, true, true, true), (details.Owner, details.Group, details.VirtioNetHeader, details.Persistent, details.MultiQueue));
        Assert.Equal(0, details.Queues);

        using (var again = Tap.Open(space.Space, "tap0", new TapOptions { Queues = 2 }))
        {
            Assert.Equal(index, route.GetLink("tap0").Index);
            Assert.Equal(2, Assert.IsType<LinkDetails.Tap>(route.GetLink(index).Details).Queues);
            again.SetPersistent(false);
        }

        // The last descriptor may be a child's for a moment, which another test starts: it is closed when the child has become its program.
        while (route.FindLink("tap0") is not null)
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Joined_taps_carry_frames_also_after_one_of_them_was_down()
    {
        using var one = TestNamespace.Create("one");
        using var other = TestNamespace.Create("other");
        using var cable = TapCoupling.Join(Tap.Open(one.Space, "tap0", new TapOptions()), Tap.Open(other.Space, "tap0", new TapOptions()));
        await one.IpAsync("addr add 10.5.0.1/24 dev tap0");
        await one.IpAsync("link set tap0 up");
        // Asks for the other's MAC, and nobody is up to hear it.
        await Assert.ThrowsAsync<ShellException>(() => one.ExecuteAsync("ping -c 1 -W 1 10.5.0.2"));

        await other.IpAsync("addr add 10.5.0.2/24 dev tap0");
        await other.IpAsync("link set tap0 up");

        await other.ExecuteAsync("ping -c 1 -W 20 10.5.0.1");
    }

    [Fact]
    public void A_tap_that_somebody_has_open_is_refused_by_name()
    {
        using var space = TestNamespace.Create("busy");
        using var tap = Tap.Open(space.Space, "tap0", new TapOptions());
        var refused = Assert.Throws<LinuxException>(() => Tap.Open(space.Space, "tap0", new TapOptions()));
        Assert.Equal(Errno.EBUSY, refused.Errno);
        Assert.Contains("tap0", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Tap.Open(space.Space, "much-too-long-a-name", new TapOptions()));
    }

    [Fact]
    public void Refusals_carry_errno_and_the_kernels_words()
    {
        using var space = TestNamespace.Create("refused");
        using var route = RouteClient.Open(space.Space);

        Assert.Equal(Errno.ENODEV, Assert.Throws<NetlinkException>(() => route.GetLink("absent")).Errno);
        Assert.Equal(Errno.ENODEV, Assert.Throws<NetlinkException>(() => route.DeleteLink(4711)).Errno);
        Assert.Null(route.FindLink(4711));

        route.CreateLink(new NewLink.Veth { Name = "a0", PeerName = "b0" });
        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => route.CreateLink(new NewLink.Bridge { Name = "a0" })).Errno);

        var index = route.GetLink("a0").Index;
        var tooBig = Assert.Throws<NetlinkException>(() => route.SetLink(index, new LinkChanges { Mtu = 1_000_000 }));
        Assert.Equal("mtu greater than device maximum", tooBig.KernelMessage);
        Assert.Equal($"set link {index}: mtu 1000000: Invalid argument (EINVAL): mtu greater than device maximum", tooBig.Message);

        // The kernel points at the attribute it does not accept.
        var pointed = Assert.Throws<NetlinkException>(() => route.SetLink(index, new LinkChanges { Name = "longer-than-a-name-may-be" }));
        Assert.Equal(Errno.ERANGE, pointed.Errno);
        Assert.Equal(32, pointed.Offset);
    }

    [Fact]
    public async Task All_links_are_listed_also_when_they_are_many()
    {
        using var space = TestNamespace.Create("many");
        using var route = RouteClient.Open(space.Space);
        for (var pair = 0; pair < 100; pair++)
            route.CreateLink(new NewLink.Veth { Name = $"a{pair}", PeerName = $"b{pair}" });

        var shown = (await space.IpJsonAsync("link show")).EnumerateArray().Select(Identity);
        Assert.Equal(shown.Order(), route.GetLinks().Select(link => (link.Index, link.Name)).Order());
        Assert.Equal(201, route.GetLinks().Count);

        static (int, string) Identity(JsonElement link) => (link.GetProperty("ifindex").GetInt32(), link.GetProperty("ifname").GetString()!);
    }
}
