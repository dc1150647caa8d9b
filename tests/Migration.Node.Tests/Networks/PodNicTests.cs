using Migration.Netlink;
using Migration.Node.Networks;
using Migration.Packets;
using Wire = Migration.Protos;

namespace Migration.Node.Tests.Networks;

public sealed class PodNicTests
{
    private static readonly Link Veth = new() { Index = 2, Name = "eth0", Kind = "veth", Mac = MacAddress.Parse("0a:00:00:00:00:05").ToPhysicalAddress() };

    [Fact]
    public void Nic_of_its_own_can_be_bound()
    {
        Assert.Null(PodNic.WhyNot(Veth, master: null));
        Assert.Null(PodNic.WhyNot(Veth with { Kind = "macvlan" }, master: null));
        Assert.Null(PodNic.WhyNot(Veth with { Kind = null }, master: null));
    }

    [Fact]
    public void Nic_that_shares_its_parents_mac_or_belongs_to_a_vrf_is_refused_as_the_kernel_describes_it()
    {
        var (ipvlan, ipvtap, vrf, member) = (RealLinks.Ipvlan, RealLinks.Ipvtap, RealLinks.Vrf, RealLinks.VrfMember);

        Assert.Equal(("eth0", 5, 4, "020000000011", 1500), (ipvlan.Name, ipvlan.Index, ipvlan.LinkedIndex, ipvlan.Mac.ToString(), ipvlan.Mtu));
        Assert.Equal(("eth1", 9, "veth", 7), (member.Name, member.Index, member.Kind, member.MasterIndex));
        Assert.Equal(("red", 7, "vrf", (int?)null), (vrf.Name, vrf.Index, vrf.Kind, vrf.MasterIndex));
        Assert.Equal("is an ipvlan interface: it shares its MAC with its parent, so a guest cannot take it over", PodNic.WhyNot(ipvlan, master: null));
        Assert.Equal("is an ipvtap interface: it shares its MAC with its parent, so a guest cannot take it over", PodNic.WhyNot(ipvtap, master: null));
        Assert.Equal("belongs to the VRF red: its routes are not the guest's to take", PodNic.WhyNot(member, vrf));
    }

    // Not every kernel that the tests run on has them.
    [Theory]
    [InlineData("ipvlan", null, "is an ipvlan interface: it shares its MAC with its parent")]
    [InlineData("ipvtap", null, "is an ipvtap interface: it shares its MAC with its parent")]
    [InlineData("macvtap", null, "is a macvtap interface")]
    [InlineData("veth", "vrf", "belongs to the VRF other")]
    [InlineData("veth", "bridge", "is a port of other already")]
    public void Nic_that_cannot_be_a_guests_is_refused_with_the_reason(string kind, string? master, string reason)
    {
        var nic = Veth with { Kind = kind, MasterIndex = master is null ? null : 9 };

        Assert.StartsWith(reason, PodNic.WhyNot(nic, master is null ? null : new Link { Index = 9, Name = "other", Kind = master }));
    }

    [Fact]
    public void Nic_without_an_Ethernet_address_is_refused()
    {
        Assert.Equal("is no Ethernet interface", PodNic.WhyNot(Veth with { Kind = "tun", Mac = System.Net.NetworkInformation.PhysicalAddress.None }, master: null));
        Assert.Equal("is no Ethernet interface", PodNic.WhyNot(Veth with { Flags = LinkFlags.Loopback }, master: null));
    }

    [Theory]
    [InlineData("02:00:00:00:00:00", "is reserved for the bridge of the masquerade binding")]
    [InlineData("00:00:00:00:00:00", "is not the address of one station")]
    [InlineData("ff:ff:ff:ff:ff:ff", "is not the address of one station")]
    [InlineData("03:00:00:00:00:01", "is not the address of one station")]
    [InlineData("02:00:00:00:00", "is not a MAC address like")]
    public void Mac_that_no_guest_can_have_is_refused(string mac, string reason)
    {
        var nic = Assert.Throws<RefusedException>(() => NetworkMapping.ToInterface(new Wire.Interface { Name = "n", Mac = mac }));
        var lease = Assert.Throws<RefusedException>(() => NetworkMapping.ToLease(new Wire.Lease { Mac = mac }));

        Assert.Contains($"interface n: mac '{mac}' {reason}", nic.Message);
        Assert.Contains($"lease.mac '{mac}' {reason}", lease.Message);
    }

    [Theory]
    [InlineData("mac", "\"02:00:00:00:00:01\"", "delegate.capabilities: mac has a field of its own")]
    [InlineData("CNIDeviceInfoFile", "\"/etc/shadow\"", "delegate.capabilities: CNIDeviceInfoFile has a field of its own")]
    [InlineData("bandwidth", "{", "delegate.capabilities: bandwidth is not JSON")]
    public void Capability_that_is_not_the_plans_to_name_is_refused(string name, string value, string reason)
    {
        var wire = new Wire.Interface { Name = "n", Delegate = new Wire.Delegate { Name = "ns/lan", Capabilities = { [name] = value } } };

        Assert.Contains(reason, Assert.Throws<RefusedException>(() => NetworkMapping.ToInterface(wire)).Message);
    }

    [Fact]
    public void Guest_is_told_the_way_that_the_pod_would_prefer()
    {
        var lease = Nic(
            [new NicAddress { Address = "10.0.0.5", PrefixLength = 24 }, new NicAddress { Address = "10.0.1.5", PrefixLength = 24 }, new NicAddress { Address = "fd00::5", PrefixLength = 64 }],
            new NicRoute { Destination = "0.0.0.0/0", Gateway = "10.0.0.1", Metric = 200, Link = 2 },
            new NicRoute { Destination = "0.0.0.0/0", Gateway = "10.0.0.2", Metric = 100, Link = 2 },
            new NicRoute { Destination = "10.9.0.0/16", NextHops = [new("10.0.0.3", 2, 1, false), new("10.0.0.4", 2, 9, false), new("10.7.0.1", 3, 50, false)] },
            new NicRoute { Destination = "10.8.0.0/16", Gateway = "10.0.0.8", Link = 2, Table = 100 },
            new NicRoute { Destination = "::/0", Gateway = "fd00::1", Link = 2 }).ToLease("0a:00:00:00:00:05", "vm");

        Assert.Equal(["10.0.0.5/24", "10.0.1.5/24", "fd00::5/64"], lease.Addresses);
        Assert.Equal("10.0.0.2", lease.Gateway);
        Assert.Equal([new("10.9.0.0/16", "10.0.0.4"), new("::/0", "fd00::1")], lease.Routes.Order(Comparer<GuestRoute>.Create((one, other) => string.CompareOrdinal(one.Destination, other.Destination))));
    }

    [Fact]
    public void Other_end_of_a_point_to_point_address_is_a_route()
    {
        var lease = Nic([new NicAddress { Address = "10.0.0.5", Peer = "10.0.0.1", PrefixLength = 32 }], new NicRoute { Destination = "0.0.0.0/0", Link = 2 }).ToLease("0a:00:00:00:00:05", "vm");

        Assert.Equal(["10.0.0.5/32"], lease.Addresses);
        Assert.Equal("", lease.Gateway);
        Assert.Equal([new("10.0.0.1/32", ""), new("0.0.0.0/0", "")], lease.Routes);
    }

    private static PodNic Nic(IReadOnlyList<NicAddress> addresses, params NicRoute[] routes) => new()
    {
        Link = Veth,
        Identity = new NicIdentity { Index = 2, Name = "eth0", Mac = "0a:00:00:00:00:05", Addresses = addresses, Routes = routes },
    };
}
