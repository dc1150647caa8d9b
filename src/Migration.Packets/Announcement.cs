using System.Net;
using Migration.Packets.Ndp;

namespace Migration.Packets;

/// <summary>
/// The frames that tell a network where a guest is now. Each kind reaches listeners that the others miss: RARP updates only
/// switches, a gratuitous request refreshes ARP entries that exist, some routers honour only the reply, and IPv6 wants an
/// unsolicited neighbour advertisement. Every method writes a whole frame and returns its length.
/// </summary>
public static class Announcement
{
    /// <summary>Room for the longest of these frames.</summary>
    public const int MaximumLength = 96;

    /// <summary>"Who has my address? I do": ARP request, sender and target alike.</summary>
    public static int WriteGratuitousRequest(Span<byte> frame, MacAddress mac, Ipv4Address address, int vlanId = 0) =>
        new ArpPacket(ArpOperation.Request, mac, address, default, address).WriteFrame(frame, MacAddress.Broadcast, mac, vlanId);

    /// <summary>"My address is here": an ARP reply nobody asked for.</summary>
    public static int WriteGratuitousReply(Span<byte> frame, MacAddress mac, Ipv4Address address, int vlanId = 0) =>
        new ArpPacket(ArpOperation.Reply, mac, address, MacAddress.Broadcast, address).WriteFrame(frame, MacAddress.Broadcast, mac, vlanId);

    /// <summary>What QEMU sends: needs no address and teaches switches the port.</summary>
    public static int WriteReverseRequest(Span<byte> frame, MacAddress mac, int vlanId = 0) =>
        new ArpPacket(ArpOperation.ReverseRequest, mac, default, mac, default).WriteFrame(frame, MacAddress.Broadcast, mac, vlanId);

    /// <summary>Unsolicited neighbour advertisement with the override flag to all nodes (RFC 4861 §7.2.6).</summary>
    public static int WriteNeighbourAdvertisement(Span<byte> frame, MacAddress mac, IPAddress address, int vlanId = 0) =>
        new NeighbourAdvertisement(Ipv6Address.From(address), mac, IsRouter: false, IsSolicited: false, Overrides: true)
            .WriteFrame(frame, Ipv6Address.AllNodes.MulticastMac, mac, Ipv6Address.AllNodes, vlanId);
}
