using System.Net;
using Migration.Node.Networks;
using Migration.Packets.Dhcp;

namespace Migration.Node.Tests.Networks;

public sealed class GuestFramesTests
{
    [Fact]
    public void Filters_are_the_same_each_time_so_that_comparing_them_with_the_kernels_works()
    {
        var server = DhcpServerIdentity.ForInterface(0);
        IPAddress[] neighbours = [IPAddress.Parse("169.254.1.1")];

        Assert.Equal(GuestFrames.ForTheNode(server, neighbours).ToClassifier(2, -1), GuestFrames.ForTheNode(server, neighbours).ToClassifier(2, -1));
        Assert.NotEqual(GuestFrames.ForTheNode(server, neighbours).ToClassifier(2, -1), GuestFrames.ForTheNode(server, []).ToClassifier(2, -1));
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
        Assert.False(GuestLeases.HasIpv4(lease with { Addresses = ["fd00::5/64"] }));
    }
}
