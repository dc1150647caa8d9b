using System.Net.NetworkInformation;
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
            Up = true,
            PeerName = "peer0",
            PeerNamespace = right.Space,
            PeerMtu = 1400,
        });
        using (var far = RouteClient.Open(right.Space))
            far.SetLink(far.GetLink("peer0").Index, new LinkChanges { Up = true });

        var link = (await left.IpJsonAsync("link show eth0"))[0];
        Assert.Equal("02:00:00:00:00:01", link.GetProperty("address").GetString());
        Assert.Equal(1400, link.GetProperty("mtu").GetInt32());
        Assert.Equal("UP", link.GetProperty("operstate").GetString());
        var peer = (await right.IpJsonAsync("link show peer0"))[0];
        Assert.Equal(link.GetProperty("ifindex").GetInt32(), peer.GetProperty("link_index").GetInt32());

        var read = route.GetLink("eth0");
        Assert.Equal(link.GetProperty("ifindex").GetInt32(), read.Index);
        Assert.Equal("veth", read.Kind);
        Assert.Equal(peer.GetProperty("ifindex").GetInt32(), read.LinkedIndex);
        Assert.NotNull(read.LinkedNamespaceId);
        Assert.True(read.IsUp);
    }
}
