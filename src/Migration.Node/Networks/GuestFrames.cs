using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>
/// Which of a guest's frames the node answers itself, and whose answers the guest is not to hear instead, as filters for the kernel. Each
/// family counts for itself: a NIC without a lease of a family is left to whoever serves it on the network.
/// </summary>
internal static class GuestFrames
{
    private const ushort Ipv4 = 0x0800, Arp = 0x0806, Ipv6 = 0x86dd, ArpRequest = 1;
    private const ushort DhcpServerPort = 67, DhcpClientPort = 68, Dhcpv6ClientPort = 546, Dhcpv6ServerPort = 547;
    private const byte Udp = 17, Icmpv6 = 58, RouterSolicitation = 133, RouterAdvertisement = 134, NeighbourSolicitation = 135, NeighbourAdvertisement = 136;
    private const int ArpOperation = 14 + 6, ArpTarget = 14 + 24, SolicitationTarget = 14 + 40 + 8;

    /// <summary>
    /// DHCP requests and router solicitations, and ARP or neighbour solicitations for the node's own addresses and for neighbours that
    /// nobody else answers for. Null is nothing.
    /// </summary>
    public static PacketFilter? ForTheNode(PodNic nic, BoundInterface bound)
    {
        var identity = GuestIdentity.Of(bound);
        List<Match[]> rules = [];
        if (GuestLeases.ServesIpv4(bound))
        {
            rules.Add([.. UdpTo(DhcpServerPort)]);
            rules.AddRange(Asked(nic, AddressFamily.InterNetwork, [identity.Server.Address.ToIPAddress()], identity).Select(ArpFor));
        }

        if (GuestLeases.ServesIpv6(bound))
        {
            rules.Add([.. Udpv6To(Dhcpv6ServerPort)]);
            rules.Add([.. OfType(RouterSolicitation)]);
            rules.AddRange(Asked(nic, AddressFamily.InterNetworkV6, identity.LinkLocals, identity).Select(SolicitationFor));
        }

        return rules.Count == 0 ? null : PacketFilter.AnyOf([.. rules]);
    }

    /// <summary>
    /// Answers of foreign DHCPv4 servers, which the pod may hear: where its address is a lease, the CNI's daemon renews it. Null is nothing.
    /// </summary>
    public static PacketFilter? FromDhcpServers(BoundInterface bound) => GuestLeases.ServesIpv4(bound) ? PacketFilter.AnyOf([.. UdpTo(DhcpClientPort)]) : null;

    /// <summary>Answers of foreign DHCPv6 servers and routers: a NIC that has a lease from us listens to nobody else. Null is nothing.</summary>
    public static PacketFilter? FromForeignRouters(BoundInterface bound) =>
        GuestLeases.ServesIpv6(bound) ? PacketFilter.AnyOf([.. Udpv6To(Dhcpv6ClientPort)], [.. OfType(RouterAdvertisement)]) : null;

    /// <summary>
    /// What the pod's own stack sends. The kernel marks a frame that came in by an interface with whom it was for; from the tap that is never
    /// the tap itself. Only frames made in this namespace still carry the mark "for this host". DHCP is let go: where the pod's address is a
    /// lease, the CNI's daemon renews it, and takes the NIC down when it cannot.
    /// </summary>
    public static PacketFilter FromThePodItself() => PacketFilter.AnyOf([Match.PacketType(PacketType.Host)]).Unless(UdpTo(DhcpServerPort));

    /// <summary>
    /// What is to follow a guest by a passing stretch. Never its own frames, which come round where the network floods them; and once the
    /// guest hears its network where it is, only what is for it alone.
    /// </summary>
    public static Classifier Following(BoundInterface bound, bool arrived)
    {
        const int selected = -1, other = 0;
        var mac = MacAddress.Parse(bound.Mac).ToPhysicalAddress();
        var wanted = arrived ? PacketFilter.AnyOf([Match.Byte(0, 0, 1)]) : PacketFilter.AnyOf([Match.Byte(0, 0, 0)]);
        return new Classifier.Bpf(wanted.Unless(Match.From(mac)).ToClassifier(selected, other));
    }

    /// <summary>Advertisements of a neighbour: how the node learns where a gateway is.</summary>
    public static PacketFilter NeighbourAdvertisements() => PacketFilter.AnyOf([.. OfType(NeighbourAdvertisement)]);

    // In one order, so that the same NIC always has the same filter.
    private static IEnumerable<IPAddress> Asked(PodNic nic, AddressFamily family, IEnumerable<IPAddress> own, GuestIdentity identity)
    {
        // Behind NAT the guest's neighbours are not the pod's.
        if (!identity.IsTheNode)
            return [];
        return nic.PinnedNeighbours.Keys.Where(address => address.AddressFamily == family).OrderBy(address => address.ToString(), StringComparer.Ordinal).Concat(own).Distinct();
    }

    private static Match[] UdpTo(ushort port) =>
        [Match.Untagged(), Match.EtherType(Ipv4), Match.Ipv4Protocol(Udp), Match.Ipv4FirstFragment(), Match.Ipv4DestinationPort(port)];

    private static Match[] Udpv6To(ushort port) =>
        [Match.Untagged(), Match.EtherType(Ipv6), Match.Ipv6NextHeader(Udp), Match.Ipv6DestinationPort(port)];

    private static Match[] OfType(byte type) =>
        [Match.Untagged(), Match.EtherType(Ipv6), Match.Ipv6NextHeader(Icmpv6), Match.Icmpv6Type(type)];

    private static Match[] ArpFor(IPAddress address) =>
    [
        Match.Untagged(), Match.EtherType(Arp), Match.Word(ArpOperation, ArpRequest),
        Match.DoubleWord(ArpTarget, BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())),
    ];

    private static Match[] SolicitationFor(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return
        [
            .. OfType(NeighbourSolicitation),
            .. Enumerable.Range(0, 4).Select(word => Match.DoubleWord(SolicitationTarget + 4 * word, BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(4 * word)))),
        ];
    }
}
