using System.Buffers.Binary;
using System.Net;

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

    private const int Ipv6HeaderLength = 40, AdvertisementLength = 32;
    private const byte Icmpv6 = 58, NeighbourAdvertisement = 136, TargetLinkLayerAddress = 2, Override = 0x20;

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
    public static int WriteNeighbourAdvertisement(Span<byte> frame, MacAddress mac, IPAddress address, int vlanId = 0)
    {
        var header = EthernetFrame.WriteHeader(frame, MacAddress.Parse("33:33:00:00:00:01"), mac, EtherType.Ipv6, vlanId);
        var ip = frame.Slice(header, Ipv6HeaderLength + AdvertisementLength);
        ip.Clear();
        ip[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], AdvertisementLength);
        ip[6] = Icmpv6;
        ip[7] = 255;
        if (!address.TryWriteBytes(ip[8..24], out var written) || written != 16)
            throw new ArgumentException($"{address} is not an IPv6 address", nameof(address));
        AllNodes.CopyTo(ip[24..]);

        var body = ip[Ipv6HeaderLength..];
        body[0] = NeighbourAdvertisement;
        body[4] = Override;
        ip[8..24].CopyTo(body[8..]);
        body[24] = TargetLinkLayerAddress;
        body[25] = 1;
        mac.Write(body[26..]);
        var pseudo = InternetChecksum.Sum(ip[8..40]) + AdvertisementLength + Icmpv6;
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], InternetChecksum.Finish(pseudo + InternetChecksum.Sum(body)));
        return header + ip.Length;
    }

    // ff02::1
    private static ReadOnlySpan<byte> AllNodes => [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
}
