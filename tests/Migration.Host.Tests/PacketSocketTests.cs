using System.Net.NetworkInformation;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

public sealed class PacketSocketTests : IDisposable
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly PhysicalAddress Near = PhysicalAddress.Parse("02-00-00-00-00-01");
    private static readonly PhysicalAddress Far = PhysicalAddress.Parse("02-00-00-00-00-02");

    private readonly TestNamespace _space = TestNamespace.Create("packet");
    private readonly int _near;
    private readonly int _far;

    public PacketSocketTests()
    {
        // No addresses, no IPv6: nothing but the tests' own frames is on this cable.
        Sysctl.Write(_space.Space, "net/ipv6/conf/default/disable_ipv6", "1");
        using var route = RouteClient.Open(_space.Space);
        route.CreateLink(new NewLink.Veth { Name = "near", Mac = Near, PeerName = "far", PeerMac = Far, Up = true });
        (_near, _far) = (route.GetLink("near").Index, route.GetLink("far").Index);
        route.SetLink(_far, new LinkChanges { Up = true });
        _space.WaitUntilUp("near");
    }

    public static TheoryData<string, string> Frames => new()
    {
        { "arp", "0806" + "0001" },
        { "dhcp request", "0800" + "4500001c000000004011" + "0000" + "00000000ffffffff" + "00440043" + "00080000" },
        { "dhcp request behind IP options", "0800" + "4600002000000000" + "4011" + "0000" + "00000000ffffffff" + "94040000" + "00440043" + "00080000" },
        { "later fragment with the port's bytes", "0800" + "4500001c00000007" + "4011" + "0000" + "00000000ffffffff" + "00440043" + "00080000" },
        { "dhcp reply", "0800" + "4500001c000000004011" + "0000" + "00000000ffffffff" + "00430044" + "00080000" },
        { "tcp to port 67", "0800" + "4500001c000000004006" + "0000" + "00000000ffffffff" + "00440043" + "00080000" },
        { "router solicitation", "86dd" + "6000000000083aff" + "fe800000000000000000000000000001" + "ff020000000000000000000000000002" + "85000000" + "00000000" },
        { "dhcpv6 request", "86dd" + "60000000000811ff" + "fe800000000000000000000000000001" + "ff020000000000000000000000010002" + "02220223" + "00080000" },
        { "other", "88b5" + "0000" },
    };

    public void Dispose() => _space.Dispose();

    [Theory]
    [MemberData(nameof(Frames))]
    public void A_filter_lets_through_what_one_of_its_rules_describes(string name, string payload)
    {
        var filter = PacketFilter.AnyOf(
            [Match.EtherType(0x0806)],
            [Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4FirstFragment(), Match.Ipv4DestinationPort(67)],
            [Match.EtherType(0x86dd), Match.Ipv6NextHeader(58), Match.Icmpv6Type(133)],
            [Match.EtherType(0x86dd), Match.Ipv6NextHeader(17), Match.Ipv6DestinationPort(547)]);
        using var receiver = PacketSocket.Open(_space.Space, _far, new PacketOptions { Filter = filter });
        using var sender = PacketSocket.Open(_space.Space, _near, new PacketOptions { Protocol = 0x88b6 });
        using var everything = PacketSocket.Open(_space.Space, _far, new PacketOptions());

        var frame = Frame(Far, Near, payload);
        Assert.True(sender.TrySend(frame));
        Assert.True(everything.Wait(Long));

        // Both sockets got it, or not, at the same moment.
        var expected = name is "arp" or "dhcp request" or "dhcp request behind IP options" or "router solicitation" or "dhcpv6 request";
        var buffer = new byte[2048];
        Assert.Equal(expected, receiver.TryReceive(buffer, out var received));
        if (expected)
            Assert.Equal(frame, buffer[..received.Length]);
    }

    [Fact]
    public void Frames_are_told_by_whom_they_are_for_and_whether_they_leave()
    {
        using var far = PacketSocket.Open(_space.Space, _far, new PacketOptions { Promiscuous = true });
        using var near = PacketSocket.Open(_space.Space, _near, new PacketOptions());
        using var incoming = PacketSocket.Open(_space.Space, _near, new PacketOptions { IgnoreOutgoing = true });
        using var addressed = PacketSocket.Open(_space.Space, _far, new PacketOptions { Filter = PacketFilter.AnyOf(Match.To(Far), [.. Match.From(Far), Match.EtherType(1)]) });
        var other = PhysicalAddress.Parse("02-00-00-00-00-99");
        foreach (var destination in new[] { Far, PhysicalAddress.Parse("FF-FF-FF-FF-FF-FF"), PhysicalAddress.Parse("01-00-5E-00-00-01"), other })
            Assert.True(near.TrySend(Frame(destination, Near, "88b50000")));

        Assert.Equal([PacketType.Host, PacketType.Broadcast, PacketType.Multicast, PacketType.OtherHost], Receive(far, 4).Select(frame => frame.Type));
        // A socket does not see what itself sends; another on the same interface does, unless it does not want to.
        using var sibling = PacketSocket.Open(_space.Space, _near, new PacketOptions());
        Assert.True(near.TrySend(Frame(Far, Near, "88b50000")));
        var outgoing = Assert.Single(Receive(sibling, 1));
        Assert.Equal((PacketType.Outgoing, (ushort)0x88b5, _near), (outgoing.Type, outgoing.Protocol, outgoing.InterfaceIndex));
        Assert.False(incoming.TryReceive(new byte[64], out _));
        Assert.Equal(2, Receive(addressed, 2).Count);
        Assert.False(addressed.TryReceive(new byte[64], out _));
    }

    [Fact]
    public void A_frame_that_does_not_fit_shows_how_long_it_was()
    {
        using var far = PacketSocket.Open(_space.Space, _far, new PacketOptions());
        using var near = PacketSocket.Open(_space.Space, _near, new PacketOptions());
        Assert.True(near.TrySend(Frame(Far, Near, "88b5" + new string('0', 2000))));
        Assert.True(far.Wait(Long));
        Assert.True(far.TryReceive(new byte[100], out var received));
        Assert.Equal((100, 14 + 1000), (received.Length, received.OriginalLength));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_vlan_tag_is_where_it_was_on_the_wire(bool withHeader)
    {
        using var far = PacketSocket.Open(_space.Space, _far, new PacketOptions { VirtioNetHeader = withHeader });
        using var near = PacketSocket.Open(_space.Space, _near, new PacketOptions());
        var tagged = Frame(Far, Near, "8100" + "0042" + "88b5" + "deadbeef");
        Assert.True(near.TrySend(tagged));

        var buffer = new byte[2048];
        Assert.True(far.Wait(Long));
        Assert.True(far.TryReceive(buffer, out var received));
        var header = withHeader ? PacketSocket.VirtioNetHeaderSize : 0;
        Assert.Equal(tagged, buffer[header..received.Length]);
        Assert.Equal(0x8100_0042u, received.VlanTag);
        Assert.Equal(header + tagged.Length, received.OriginalLength);
    }

    [Fact]
    public void The_virtio_header_goes_before_each_frame_both_ways()
    {
        using var far = PacketSocket.Open(_space.Space, _far, new PacketOptions { VirtioNetHeader = true });
        using var near = PacketSocket.Open(_space.Space, _near, new PacketOptions { VirtioNetHeader = true });
        var frame = Frame(Far, Near, "88b5deadbeef");
        Assert.True(near.TrySend([.. new byte[PacketSocket.VirtioNetHeaderSize], .. frame]));

        var buffer = new byte[2048];
        Assert.True(far.Wait(Long));
        Assert.True(far.TryReceive(buffer, out var received));
        Assert.Equal(new byte[PacketSocket.VirtioNetHeaderSize], buffer[..PacketSocket.VirtioNetHeaderSize]);
        Assert.Equal(frame, buffer[PacketSocket.VirtioNetHeaderSize..received.Length]);
    }

    private static List<ReceivedFrame> Receive(PacketSocket socket, int count)
    {
        var frames = new List<ReceivedFrame>();
        while (frames.Count < count)
        {
            Assert.True(socket.Wait(Long), $"only {frames.Count} of {count} frames came");
            Assert.True(socket.TryReceive(new byte[2048], out var frame));
            frames.Add(frame);
        }

        return frames;
    }

    private static byte[] Frame(PhysicalAddress to, PhysicalAddress from, string rest) => [.. to.GetAddressBytes(), .. from.GetAddressBytes(), .. Convert.FromHexString(rest)];
}
