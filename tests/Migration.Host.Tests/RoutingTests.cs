using System.Net;
using System.Net.NetworkInformation;
using System.Text.Json;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class RoutingTests : IDisposable
{
    private readonly TestNamespace _space = TestNamespace.Create("routing");
    private readonly RouteClient _route;
    private readonly int _link;

    public RoutingTests()
    {
        _route = RouteClient.Open(_space.Space);
        _route.CreateLink(new NewLink.Veth { Name = "eth0", PeerName = "peer0", Up = true });
        _route.SetLink(_route.GetLink("peer0").Index, new LinkChanges { Up = true });
        _link = _route.GetLink("eth0").Index;
    }

    public void Dispose()
    {
        _route.Dispose();
        _space.Dispose();
    }

    [Fact]
    public async Task Addresses_are_added_listed_replaced_and_deleted()
    {
        var four = new InterfaceAddress { InterfaceIndex = _link, Address = IPAddress.Parse("10.1.2.3"), PrefixLength = 24, Broadcast = IPAddress.Parse("10.1.2.255") };
        var six = new InterfaceAddress
        {
            InterfaceIndex = _link,
            Address = IPAddress.Parse("2001:db8::3"),
            PrefixLength = 64,
            Flags = AddressFlags.NoDuplicateDetection | AddressFlags.NoPrefixRoute,
        };
        _route.AddAddress(four);
        _route.AddAddress(six);

        var shown = (await _space.IpJsonAsync("address show dev eth0"))[0].GetProperty("addr_info").EnumerateArray().ToArray();
        var shownFour = Assert.Single(shown, address => address.GetProperty("local").GetString() == "10.1.2.3");
        Assert.Equal(24, shownFour.GetProperty("prefixlen").GetInt32());
        Assert.Equal("10.1.2.255", shownFour.GetProperty("broadcast").GetString());
        var shownSix = Assert.Single(shown, address => address.GetProperty("local").GetString() == "2001:db8::3");
        Assert.True(shownSix.GetProperty("nodad").GetBoolean());
        Assert.True(shownSix.GetProperty("noprefixroute").GetBoolean());

        var read = _route.GetAddresses(_link);
        Assert.Contains(four with { Flags = AddressFlags.Permanent, Label = "eth0" }, read);
        Assert.Contains(read, address => address.Address.Equals(six.Address) && address.PrefixLength == 64);
        Assert.All(read, address => Assert.Equal(_link, address.InterfaceIndex));
        Assert.Contains(_route.GetAddresses(), address => address.InterfaceIndex != _link);

        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => _route.AddAddress(four)).Errno);
        _route.ReplaceAddress(four);
        _route.DeleteAddress(four);
        Assert.Equal(Errno.EADDRNOTAVAIL, Assert.Throws<NetlinkException>(() => _route.DeleteAddress(four)).Errno);
        Assert.DoesNotContain(_route.GetAddresses(_link), address => address.Address.Equals(four.Address));
    }

    [Fact]
    public async Task A_point_to_point_address_has_a_peer()
    {
        _route.AddAddress(new InterfaceAddress { InterfaceIndex = _link, Address = IPAddress.Parse("10.1.2.3"), PrefixLength = 32, Peer = IPAddress.Parse("10.9.9.9") });
        var shown = (await _space.IpJsonAsync("-4 address show dev eth0"))[0].GetProperty("addr_info")[0];
        Assert.Equal("10.9.9.9", shown.GetProperty("address").GetString());
        Assert.Equal(IPAddress.Parse("10.9.9.9"), Assert.Single(_route.GetAddresses(_link), address => address.Address.Equals(IPAddress.Parse("10.1.2.3"))).Peer);
    }

    [Fact]
    public async Task Routes_are_added_listed_replaced_and_deleted()
    {
        _route.AddAddress(new InterfaceAddress { InterfaceIndex = _link, Address = IPAddress.Parse("10.1.2.3"), PrefixLength = 24 });
        var viaGateway = new Route
        {
            Destination = IPNetwork.Parse("0.0.0.0/0"),
            Gateway = IPAddress.Parse("10.1.2.1"),
            InterfaceIndex = _link,
            Source = IPAddress.Parse("10.1.2.3"),
            Metric = 50,
            Mtu = 1400,
        };
        var onLink = new Route { Destination = IPNetwork.Parse("172.16.0.0/12"), Gateway = IPAddress.Parse("169.254.1.1"), InterfaceIndex = _link, OnLink = true, Table = 1234 };
        var six = new Route { Destination = IPNetwork.Parse("2001:db8:1::/48"), InterfaceIndex = _link, Metric = 7 };
        var black = new Route { Destination = IPNetwork.Parse("198.51.100.0/24"), Type = RouteType.Blackhole };
        foreach (var route in new[] { viaGateway, onLink, six, black })
            _route.AddRoute(route);

        var shown = await Single("route show default");
        Assert.Equal(("10.1.2.1", 50, 1400, "10.1.2.3", "static"), (Text(shown, "gateway"), Number(shown, "metric"), Number(shown.GetProperty("metrics")[0], "mtu"), Text(shown, "prefsrc"), Text(shown, "protocol")));
        shown = await Single("route show table 1234");
        Assert.Equal(("172.16.0.0/12", "169.254.1.1", "onlink"), (Text(shown, "dst"), Text(shown, "gateway"), shown.GetProperty("flags")[0].GetString()));
        Assert.Equal("blackhole", Text(await Single("route show 198.51.100.0/24"), "type"));

        var read = _route.GetRoutes();
        Assert.Contains(viaGateway with { Scope = RouteScope.Universe }, read);
        Assert.Contains(read, route => route.Destination.Equals(six.Destination) && route.Metric == 7);
        Assert.Contains(read, route => route.Destination.Equals(black.Destination) && route.Type == RouteType.Blackhole);
        Assert.Equal([onLink with { Scope = RouteScope.Universe }], _route.GetRoutes(table: 1234));
        Assert.Empty(_route.GetRoutes(table: 4321));

        Assert.Equal(Errno.EEXIST, Assert.Throws<NetlinkException>(() => _route.AddRoute(viaGateway)).Errno);
        _route.ReplaceRoute(viaGateway with { Gateway = IPAddress.Parse("10.1.2.2") });
        Assert.Equal("10.1.2.2", Text(await Single("route show default"), "gateway"));
        Assert.Equal(IPAddress.Parse("10.1.2.2"), _route.LookUpRoute(IPAddress.Parse("8.8.8.8")).Gateway);

        _route.DeleteRoute(viaGateway with { Gateway = null, Source = null, Mtu = null });
        _route.DeleteRoute(black);
        Assert.Equal(Errno.ESRCH, Assert.Throws<NetlinkException>(() => _route.DeleteRoute(black)).Errno);
        Assert.Equal(Errno.ENETUNREACH, Assert.Throws<NetlinkException>(() => _route.LookUpRoute(IPAddress.Parse("8.8.8.8"))).Errno);
    }

    [Fact]
    public async Task A_route_may_have_several_next_hops()
    {
        await _space.IpAsync("addr add 10.1.2.3/24 dev eth0");
        await _space.IpAsync("addr add 2001:db8::3/64 dev eth0 nodad");
        NextHop[] four = [new(IPAddress.Parse("10.1.2.1"), _link), new(IPAddress.Parse("10.9.9.9"), _link, Weight: 7, OnLink: true), new(IPAddress.Parse("fe80::1"), _link, Weight: 256)];
        NextHop[] six = [new(IPAddress.Parse("2001:db8::1"), _link), new(IPAddress.Parse("2001:db8::2"), _link)];
        _route.AddRoute(new Route { Destination = IPNetwork.Parse("10.7.0.0/16"), NextHops = four });
        _route.AddRoute(new Route { Destination = IPNetwork.Parse("2001:db8:7::/48"), NextHops = six });

        var shown = (await _space.IpJsonAsync("route show 10.7.0.0/16"))[0].GetProperty("nexthops").EnumerateArray().ToList();
        Assert.Equal([1, 7, 256], shown.Select(hop => hop.GetProperty("weight").GetInt32()));
        Assert.Equal(["10.1.2.1", "10.9.9.9"], shown.Take(2).Select(hop => hop.GetProperty("gateway").GetString()));
        Assert.Equal("fe80::1", shown[2].GetProperty("via").GetProperty("host").GetString());
        Assert.Contains("onlink", shown[1].GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));

        var read = _route.GetRoutes();
        Assert.Equal(four, Assert.Single(read, route => route.Destination == IPNetwork.Parse("10.7.0.0/16")).NextHops);
        Assert.Equal(six, Assert.Single(read, route => route.Destination == IPNetwork.Parse("2001:db8:7::/48")).NextHops);
    }

    [Fact]
    public async Task A_label_is_given_and_read()
    {
        var labelled = new InterfaceAddress { InterfaceIndex = _link, Address = IPAddress.Parse("10.1.2.3"), PrefixLength = 24, Label = "eth0:web" };
        _route.AddAddress(labelled);

        Assert.Equal("eth0:web", (await _space.IpJsonAsync("-4 address show dev eth0"))[0].GetProperty("addr_info")[0].GetProperty("label").GetString());
        Assert.Equal("eth0:web", _route.GetAddresses(_link).First(address => address.Address.Equals(labelled.Address)).Label);
    }

    [Fact]
    public async Task An_ipv4_route_may_have_an_ipv6_gateway()
    {
        var route = new Route { Destination = IPNetwork.Parse("10.5.0.0/16"), Gateway = IPAddress.Parse("fe80::1"), InterfaceIndex = _link };
        _route.AddRoute(route);
        Assert.Equal("fe80::1", (await Single("route show 10.5.0.0/16")).GetProperty("via").GetProperty("host").GetString());
        Assert.Equal(IPAddress.Parse("fe80::1"), Assert.Single(_route.GetRoutes(), read => read.Destination.Equals(route.Destination)).Gateway);
    }

    [Fact]
    public void The_kernels_words_tell_what_is_wrong_with_a_route()
    {
        var unreachable = new Route { Destination = IPNetwork.Parse("10.5.0.0/16"), Gateway = IPAddress.Parse("192.0.2.1"), InterfaceIndex = _link };
        var refused = Assert.Throws<NetlinkException>(() => _route.AddRoute(unreachable));
        Assert.Equal(Errno.ENETUNREACH, refused.Errno);
        Assert.Equal("Nexthop has invalid gateway", refused.KernelMessage);
        Assert.StartsWith($"add route 10.5.0.0/16 via 192.0.2.1 dev {_link}: ", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("10.1.2.9")]
    [InlineData("fe80::9")]
    public async Task A_permanent_neighbour_is_pinned_and_released(string address)
    {
        var neighbour = new Neighbour { InterfaceIndex = _link, Address = IPAddress.Parse(address), Mac = PhysicalAddress.Parse("02-00-00-00-00-09") };
        _route.ReplaceNeighbour(neighbour);
        _route.ReplaceNeighbour(neighbour);

        var shown = await Single($"neigh show {address} dev eth0");
        Assert.Equal("02:00:00:00:00:09", Text(shown, "lladdr"));
        Assert.Equal("PERMANENT", shown.GetProperty("state")[0].GetString());
        Assert.Contains(neighbour, _route.GetNeighbours(_link));

        _route.DeleteNeighbour(neighbour);
        Assert.DoesNotContain(_route.GetNeighbours(_link), read => read.Address.Equals(neighbour.Address) && read.State == NeighbourState.Permanent);
    }

    [Fact]
    public async Task Forwarding_entries_of_a_bridge_and_of_a_vxlan()
    {
        _route.CreateLink(new NewLink.Bridge { Name = "br0", Up = true });
        var bridge = _route.GetLink("br0").Index;
        _route.SetLink(_link, new LinkChanges { MasterIndex = bridge });
        var entry = new ForwardingEntry { InterfaceIndex = _link, Mac = PhysicalAddress.Parse("02-00-00-00-00-07"), OnBridge = true };
        _route.ReplaceForwarding(entry);

        var shown = (await _space.BridgeJsonAsync("fdb show dev eth0")).EnumerateArray();
        Assert.Contains(shown, line => Text(line, "mac") == "02:00:00:00:00:07" && Text(line, "state") == "static");
        Assert.Contains(_route.GetBridgeForwarding(bridge), read => read.Mac.Equals(entry.Mac) && read.InterfaceIndex == _link && read.BridgeIndex == bridge && read.OnBridge);
        _route.DeleteForwarding(entry);
        Assert.Equal(Errno.ENOENT, Assert.Throws<NetlinkException>(() => _route.DeleteForwarding(entry)).Errno);

        _route.CreateLink(new NewLink.Vxlan { Name = "vx0", Id = 9, Port = 4790 });
        var vxlan = _route.GetLink("vx0").Index;
        var first = new ForwardingEntry { InterfaceIndex = vxlan, Mac = PhysicalAddress.Parse("00-00-00-00-00-00"), Remote = IPAddress.Parse("192.0.2.1"), State = NeighbourState.Permanent };
        _route.AppendForwarding(first);
        _route.AppendForwarding(first with { Remote = IPAddress.Parse("192.0.2.2") });
        Assert.Equal(["192.0.2.1", "192.0.2.2"], (await _space.BridgeJsonAsync("fdb show dev vx0")).EnumerateArray().Select(line => Text(line, "dst")).Order());
        Assert.Equal([first.Remote!, IPAddress.Parse("192.0.2.2")], _route.GetForwarding(vxlan).Select(read => read.Remote!).OrderBy(remote => remote.ToString()));
    }

    private async Task<JsonElement> Single(string arguments) => Assert.Single((await _space.IpJsonAsync(arguments)).EnumerateArray());

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
