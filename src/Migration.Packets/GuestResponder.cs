using System.Net;
using Migration.Packets.Dhcp;

namespace Migration.Packets;

/// <summary>
/// Everything the node says to one guest NIC in the network's stead: DHCP, and ARP for the DHCP server's address and for neighbours
/// that the CNI pinned in the pod. From a whole Ethernet frame to a whole Ethernet frame, without allocation; holds no state, so
/// one instance serves any number of threads, and another one with the same lease on another node answers the same.
/// </summary>
/// <remarks>
/// A DHCP message is recognised by its ports, not by whom it is addressed to: a guest with a subnet that does not contain the
/// server's link-local address sends its renewals to its gateway's MAC, and a guest that got its lease elsewhere renews there.
/// </remarks>
public sealed class GuestResponder
{
    /// <summary>Room for the longest reply frame.</summary>
    public const int MaximumFrame = HeadersLength + DhcpRule.MaximumReply;

    private const int HeadersLength = EthernetFrame.HeaderLength + Ipv4Packet.HeaderLength + UdpDatagram.HeaderLength;
    private readonly LeaseOptions _lease;
    private readonly DhcpServerIdentity _server;
    private readonly Dictionary<Ipv4Address, MacAddress> _neighbours;

    /// <param name="lease">What the guest is given. Throws <see cref="ArgumentException"/> when it cannot be expressed in DHCPv4.</param>
    /// <param name="server">Who answers.</param>
    /// <param name="neighbours">Neighbours that nobody else will answer ARP for, such as a gateway that the CNI entered by hand.</param>
    public GuestResponder(DhcpLease lease, DhcpServerIdentity server, IReadOnlyDictionary<IPAddress, MacAddress>? neighbours = null)
    {
        _lease = new LeaseOptions(lease);
        _server = server;
        _neighbours = (neighbours ?? new Dictionary<IPAddress, MacAddress>()).ToDictionary(n => Ipv4Address.From(n.Key), n => n.Value);
        _neighbours[server.Address] = server.Mac;
    }

    /// <summary>Answers a frame from the guest into <paramref name="reply"/>, which holds at least <see cref="MaximumFrame"/> bytes.</summary>
    public GuestAnswer Answer(ReadOnlySpan<byte> bytes, Span<byte> reply)
    {
        if (reply.Length < MaximumFrame) throw new ArgumentException($"a reply needs room for {MaximumFrame} bytes", nameof(reply));
        if (!EthernetFrame.TryParse(bytes, out var frame, out var reason)) return new(GuestAnswerKind.Malformed, Reason: reason);
        // What a guest tags belongs to a VLAN of its own network, where others serve.
        if (frame.VlanId != 0) return new(GuestAnswerKind.NotForUs);
        return frame.Type switch
        {
            EtherType.Arp => AnswerArp(frame.Payload, reply),
            EtherType.Ipv4 => AnswerIpv4(frame, reply),
            _ => new(GuestAnswerKind.NotForUs),
        };
    }

    private GuestAnswer AnswerArp(ReadOnlySpan<byte> payload, Span<byte> reply)
    {
        if (!ArpPacket.TryParse(payload, out var question, out _)) return new(GuestAnswerKind.NotForUs);
        if (question.Operation != ArpOperation.Request || !_neighbours.TryGetValue(question.TargetAddress, out var owner))
            return new(GuestAnswerKind.NotForUs);
        return new(GuestAnswerKind.Arp, question.Answer(owner).WriteFrame(reply, question.SenderMac, owner));
    }

    private GuestAnswer AnswerIpv4(EthernetFrame frame, Span<byte> reply)
    {
        // Most of what a guest sends is not DHCP: tell it by three bytes before anything is checked.
        var payload = frame.Payload;
        if (payload.Length < Ipv4Packet.HeaderLength || payload[9] != (byte)IpProtocol.Udp) return new(GuestAnswerKind.NotForUs);
        if (!Ipv4Packet.TryParse(payload, out var packet, out _)) return new(GuestAnswerKind.NotForUs);
        if (!UdpDatagram.TryParse(packet, out var datagram, out _)) return new(GuestAnswerKind.NotForUs);
        if (datagram.DestinationPort != DhcpWire.ServerPort) return new(GuestAnswerKind.NotForUs);
        if (datagram.Checksum == ChecksumState.Wrong) return new(GuestAnswerKind.Malformed, Reason: "UDP checksum is wrong");
        if (!DhcpQuestion.TryParse(datagram.Payload, out var question, out var reason)) return new(GuestAnswerKind.Malformed, Reason: reason);
        // Somebody behind the guest, not the guest.
        if (question.ClientMac != _lease.Mac) return new(GuestAnswerKind.NotForUs);

        var outcome = DhcpRule.Judge(question, _lease, _server);
        var length = DhcpRule.Write(question, outcome, _lease, _server, reply.Slice(HeadersLength, DhcpRule.MaximumReply));
        return new(GuestAnswerKind.Dhcp, length == 0 ? 0 : Wrap(question, DhcpRule.Deliver(question, outcome), frame.Source, reply, length), outcome);
    }

    private int Wrap(in DhcpQuestion question, DhcpDelivery delivery, MacAddress asker, Span<byte> reply, int length)
    {
        var (mac, address, port) = delivery switch
        {
            DhcpDelivery.ToOfferedAddress => (_lease.Mac, _lease.Address, DhcpWire.ClientPort),
            DhcpDelivery.ToClientAddress => (_lease.Mac, question.ClientAddress, DhcpWire.ClientPort),
            DhcpDelivery.ToRelay => (asker, question.RelayAddress, DhcpWire.ServerPort),
            _ => (MacAddress.Broadcast, Ipv4Address.Broadcast, DhcpWire.ClientPort),
        };
        var at = EthernetFrame.WriteHeader(reply, mac, _server.Mac, EtherType.Ipv4);
        at += Ipv4Packet.WriteHeader(reply[at..], _server.Address, address, IpProtocol.Udp, UdpDatagram.HeaderLength + length);
        return at + UdpDatagram.WriteHeader(reply[at..], _server.Address, address, DhcpWire.ServerPort, port, length);
    }
}
