using System.Buffers.Binary;
using System.Net;
using Migration.Linux;
using Migration.Packets.Dhcp;

namespace Migration.Node.Networks;

/// <summary>Which of a guest's frames the node answers itself, as filters for the kernel.</summary>
internal static class GuestFrames
{
    private const ushort Ipv4 = 0x0800, Arp = 0x0806, ArpRequest = 1, DhcpServerPort = 67, DhcpClientPort = 68;
    private const byte Udp = 17;
    private const int ArpOperation = 14 + 6, ArpTarget = 14 + 24;

    /// <summary>DHCP requests, and ARP for the DHCP server and for neighbours that nobody else answers for.</summary>
    public static PacketFilter ForTheNode(DhcpServerIdentity server, IEnumerable<IPAddress> neighbours)
    {
        List<Match[]> rules = [[Match.Untagged(), Match.EtherType(Ipv4), Match.Ipv4Protocol(Udp), Match.Ipv4FirstFragment(), Match.Ipv4DestinationPort(DhcpServerPort)]];
        foreach (var address in neighbours.Append(server.Address.ToIPAddress()))
        {
            var target = BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes());
            rules.Add([Match.Untagged(), Match.EtherType(Arp), Match.Word(ArpOperation, ArpRequest), Match.DoubleWord(ArpTarget, target)]);
        }

        return PacketFilter.AnyOf([.. rules]);
    }

    /// <summary>Answers of foreign DHCP servers: a NIC that has a lease from us listens to nobody else.</summary>
    public static PacketFilter FromForeignServers() =>
        PacketFilter.AnyOf([Match.Untagged(), Match.EtherType(Ipv4), Match.Ipv4Protocol(Udp), Match.Ipv4FirstFragment(), Match.Ipv4DestinationPort(DhcpClientPort)]);

    /// <summary>
    /// What the pod's own stack sends. The kernel marks a frame that came in by an interface with whom it was for; from the tap that is never
    /// the tap itself. Only frames made in this namespace still carry the mark "for this host".
    /// </summary>
    public static PacketFilter FromThePodItself() => PacketFilter.AnyOf([Match.PacketType(PacketType.Host)]);
}
