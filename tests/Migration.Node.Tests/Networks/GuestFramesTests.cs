using Migration.Node.Networks;
using Migration.Packets;

namespace Migration.Node.Tests.Networks;

public sealed class GuestFramesTests
{
    private static readonly GuestLease Both = new() { Mac = "02:00:00:00:00:01", Addresses = ["10.244.1.5/24", "fd00::5/64"] };

    [Fact]
    public void Filters_are_the_same_each_time_so_that_comparing_them_with_the_kernels_works()
    {
        Assert.Equal(Program(Both, "169.254.1.1", "fe80::1"), Program(Both, "fe80::1", "169.254.1.1"));
        Assert.NotEqual(Program(Both, "169.254.1.1"), Program(Both));
        Assert.NotEqual(Program(Both, "fe80::1"), Program(Both));
    }

    [Fact]
    public void Nic_without_a_lease_is_left_to_the_networks_own_servers()
    {
        var plain = Bound(Both with { Addresses = [] });

        Assert.Null(GuestFrames.ForTheNode(Nic("169.254.1.1"), plain));
        Assert.Null(GuestFrames.FromDhcpServers(plain));
        Assert.Null(GuestFrames.FromForeignRouters(plain));
        var onlyIpv4 = Bound(Both with { Addresses = ["10.244.1.5/24"] });
        Assert.NotNull(GuestFrames.FromDhcpServers(onlyIpv4));
        Assert.Null(GuestFrames.FromForeignRouters(onlyIpv4));
        Assert.NotNull(GuestFrames.FromForeignRouters(Bound(Both)));
    }

    [Fact]
    public void Behind_a_masquerading_bridge_the_pods_kernel_answers_for_the_gateway()
    {
        var bound = Bound(Both with { Gateway = "10.0.2.1" });
        var bridge = GuestIdentity.Of(bound with { Binding = BindingKind.Masquerade });

        Assert.Equal(("10.0.2.1", "02:00:00:00:00:00"), (bridge.Server.Address.ToString(), bridge.Server.Mac.ToString()));
        Assert.Equal(["fe80::6d:69ff:fe67:7201", "fe80::6d:69ff:fe67:7202"], GuestIdentity.Of(bound).LinkLocals.Select(address => address.ToString()));
        Assert.True(
            GuestFrames.ForTheNode(Nic(), bound with { Binding = BindingKind.Masquerade })!.ToClassifier(2, -1).Length < GuestFrames.ForTheNode(Nic(), bound)!.ToClassifier(2, -1).Length);
    }

    [Fact]
    public void Lease_becomes_what_dhcp_hands_out()
    {
        var lease = new GuestLease
        {
            Mac = "02:00:00:00:00:01",
            Addresses = ["10.244.1.5/24", "fd00::5/64"],
            Gateway = "10.244.1.1",
            Routes = [new("10.9.0.0/16", "10.244.1.2"), new("169.254.1.1/32", "")],
            NameServers = ["10.96.0.10"],
            HostName = "vm",
            Mtu = 1450,
            ValidFor = TimeSpan.FromMinutes(30),
        };

        var dhcp = GuestLeases.ToDhcp(lease);

        Assert.Equal(lease.Addresses, dhcp.Addresses.Select(address => address.ToString()));
        Assert.Equal(("10.244.1.1", "vm", 1450, TimeSpan.FromMinutes(30)), (dhcp.Gateway!.ToString(), dhcp.HostName, dhcp.Mtu, dhcp.ValidFor));
        Assert.Null(dhcp.Routes[1].Gateway);
        Assert.True(GuestLeases.HasIpv4(lease));
        Assert.True(GuestLeases.HasIpv6(lease));
        Assert.False(GuestLeases.HasIpv6(lease with { Addresses = ["10.244.1.5/24"] }));
        Assert.False(GuestLeases.HasIpv4(lease with { Addresses = ["fd00::5/64"] }));
    }

    private static byte[] Program(GuestLease lease, params string[] pinned) => GuestFrames.ForTheNode(Nic(pinned), Bound(lease))!.ToClassifier(2, -1);

    private static BoundInterface Bound(GuestLease lease) => new() { Name = "default", PodInterface = "eth0", Tap = "tap0", Mac = lease.Mac, Lease = lease };

    private static PodNic Nic(params string[] pinned) => new()
    {
        Link = new Netlink.Link { Index = 2, Name = "eth0", Mac = MacAddress.Parse("02:00:00:00:00:01").ToPhysicalAddress() },
        Identity = new NicIdentity { Index = 2, Name = "eth0", Mac = "02:00:00:00:00:01", Neighbours = pinned.ToDictionary(address => address, _ => "0a:58:0a:f4:01:01") },
    };
}
