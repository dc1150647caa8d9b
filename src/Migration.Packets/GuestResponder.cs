using System.Net;
using System.Net.Sockets;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;
using Migration.Packets.Ndp;

namespace Migration.Packets;

/// <summary>
/// Everything the node says to one guest NIC in the network's stead: DHCPv4, DHCPv6 and router advertisements, and ARP and neighbour
/// discovery for the server, the router, and neighbours that the CNI pinned in the pod. From a whole Ethernet frame to a whole
/// Ethernet frame, without allocation; holds no state, so one instance serves any number of threads, and another one with the same
/// lease on another node answers the same. What the lease has no addresses for, be it IPv4 or IPv6, is not ours to answer.
/// </summary>
/// <remarks>
/// A DHCPv4 message is recognised by its ports, not by whom it is addressed to: a guest with a subnet that does not contain the
/// server's link-local address sends its renewals to its gateway's MAC, and a guest that got its lease elsewhere renews there.
/// </remarks>
public sealed class GuestResponder
{
    /// <summary>Room for the longest reply frame.</summary>
    public const int MaximumFrame = HeadersLength + DhcpRule.MaximumReply;

    private const int HeadersLength = EthernetFrame.HeaderLength + Ipv4Packet.HeaderLength + UdpDatagram.HeaderLength;
    private const int HeadersLength6 = EthernetFrame.HeaderLength + Ipv6Packet.HeaderLength + UdpDatagram.HeaderLength;
    private readonly MacAddress _guest;
    private readonly LeaseOptions? _lease;
    private readonly LeaseOptions6? _lease6;
    private readonly RouterAdvertisement? _advertisement;
    private readonly DhcpServerIdentity _server;
    private readonly Ipv6Address _serverLinkLocal;
    private readonly Dictionary<Ipv4Address, MacAddress> _neighbours = [];
    private readonly Dictionary<Ipv6Address, (MacAddress Mac, bool IsRouter)> _neighbours6 = [];

    /// <param name="lease">What the guest is given. Throws <see cref="ArgumentException"/> when it cannot be expressed.</param>
    /// <param name="server">Who answers.</param>
    /// <param name="neighbours">Neighbours that nobody else will answer for, such as a gateway that the CNI entered by hand.</param>
    /// <param name="router">Who forwards the guest's IPv6; null where nobody does or nobody knows.</param>
    public GuestResponder(
        DhcpLease lease, DhcpServerIdentity server, IReadOnlyDictionary<IPAddress, MacAddress>? neighbours = null, RouterIdentity? router = null)
    {
        if (lease.Addresses.Count == 0) throw new ArgumentException("the lease holds no address", nameof(lease));
        _guest = lease.Mac;
        _server = server;
        _serverLinkLocal = server.LinkLocal;
        foreach (var (address, mac) in neighbours ?? new Dictionary<IPAddress, MacAddress>()) AddNeighbour(address, mac, lease);
        if (lease.HasIpv4)
        {
            _lease = new LeaseOptions(lease);
            _neighbours[server.Address] = server.Mac;
        }
        if (!lease.HasIpv6) return;
        _lease6 = new LeaseOptions6(lease, server);
        _advertisement = new RouterAdvertisement(lease, server, router);
        _neighbours6[_serverLinkLocal] = (server.Mac, IsRouter: router is null);
        if (router is not null) _neighbours6[router.LinkLocal] = (router.Mac, IsRouter: true);
    }

    /// <summary>Where router advertisements come from; null where the lease has no IPv6 and none are sent.</summary>
    public Ipv6Address? Router => _advertisement?.Source;

    /// <summary>Writes the router advertisement that is sent from time to time, for everybody; 0 where there is none.</summary>
    public int WriteAdvertisement(Span<byte> frame) => _advertisement?.WriteFrame(frame) ?? 0;

    /// <summary>Writes the last router advertisement, with which the router takes its leave; 0 where there is none.</summary>
    public int WriteFarewell(Span<byte> frame) => _advertisement?.WriteFarewell(frame) ?? 0;

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
            EtherType.Ipv6 => AnswerIpv6(frame, reply),
            _ => new(GuestAnswerKind.NotForUs),
        };
    }

    // An address of the guest itself is never answered for, or the guest would find it taken.
    private void AddNeighbour(IPAddress address, MacAddress mac, DhcpLease lease)
    {
        if (lease.Addresses.Any(own => own.Address.Equals(address))) return;
        if (address.AddressFamily == AddressFamily.InterNetwork) _neighbours[Ipv4Address.From(address)] = mac;
        else _neighbours6[Ipv6Address.From(address)] = (mac, address.Equals(lease.DefaultRouterIpv6));
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
        if (_lease is null || payload.Length < Ipv4Packet.HeaderLength || payload[9] != (byte)IpProtocol.Udp) return new(GuestAnswerKind.NotForUs);
        if (!Ipv4Packet.TryParse(payload, out var packet, out _)) return new(GuestAnswerKind.NotForUs);
        if (!UdpDatagram.TryParse(packet, out var datagram, out _)) return new(GuestAnswerKind.NotForUs);
        if (datagram.DestinationPort != DhcpWire.ServerPort) return new(GuestAnswerKind.NotForUs);
        if (datagram.Checksum == ChecksumState.Wrong) return new(GuestAnswerKind.Malformed, Reason: "UDP checksum is wrong");
        if (!DhcpQuestion.TryParse(datagram.Payload, out var question, out var reason)) return new(GuestAnswerKind.Malformed, Reason: reason);
        // Somebody behind the guest, not the guest.
        if (question.ClientMac != _guest) return new(GuestAnswerKind.NotForUs);

        var outcome = DhcpRule.Judge(question, _lease, _server);
        var length = DhcpRule.Write(question, outcome, _lease, _server, reply.Slice(HeadersLength, DhcpRule.MaximumReply));
        return new(GuestAnswerKind.Dhcp, length == 0 ? 0 : Wrap(question, DhcpRule.Deliver(question, outcome), frame.Source, reply, length), outcome);
    }

    private int Wrap(in DhcpQuestion question, DhcpDelivery delivery, MacAddress asker, Span<byte> reply, int length)
    {
        var (mac, address, port) = delivery switch
        {
            DhcpDelivery.ToOfferedAddress => (_guest, _lease!.Address, DhcpWire.ClientPort),
            DhcpDelivery.ToClientAddress => (_guest, question.ClientAddress, DhcpWire.ClientPort),
            DhcpDelivery.ToRelay => (asker, question.RelayAddress, DhcpWire.ServerPort),
            _ => (MacAddress.Broadcast, Ipv4Address.Broadcast, DhcpWire.ClientPort),
        };
        var at = EthernetFrame.WriteHeader(reply, mac, _server.Mac, EtherType.Ipv4);
        at += Ipv4Packet.WriteHeader(reply[at..], _server.Address, address, IpProtocol.Udp, UdpDatagram.HeaderLength + length);
        return at + UdpDatagram.WriteHeader(reply[at..], _server.Address, address, DhcpWire.ServerPort, port, length);
    }

    private GuestAnswer AnswerIpv6(EthernetFrame frame, Span<byte> reply)
    {
        // As with IPv4, most of it is nothing to look into.
        var payload = frame.Payload;
        if (_lease6 is null || payload.Length < Ipv6Packet.HeaderLength || (IpProtocol)payload[6] is IpProtocol.Tcp) return new(GuestAnswerKind.NotForUs);
        if (!Ipv6Packet.TryParse(payload, out var packet, out _)) return new(GuestAnswerKind.NotForUs);
        return packet.Protocol switch
        {
            IpProtocol.Udp => AnswerUdp6(frame, packet, reply),
            IpProtocol.IcmpV6 => AnswerNeighbour(frame, packet, reply),
            _ => new(GuestAnswerKind.NotForUs),
        };
    }

    private GuestAnswer AnswerUdp6(EthernetFrame frame, Ipv6Packet packet, Span<byte> reply)
    {
        if (!UdpDatagram.TryParse(packet, out var datagram, out _) || datagram.DestinationPort != Dhcp6Wire.ServerPort) return new(GuestAnswerKind.NotForUs);
        // Somebody behind the guest, or not a client on this link.
        if (frame.Source != _guest || !packet.Source.IsLinkLocal) return new(GuestAnswerKind.NotForUs);
        // IPv6 does without a checksum nowhere (RFC 8200 §8.1).
        if (datagram.Checksum is ChecksumState.Wrong or ChecksumState.Absent) return new(GuestAnswerKind.Malformed, Reason: "UDP checksum is wrong");
        if (!Dhcp6Question.TryParse(datagram.Payload, out var question, out var reason)) return new(GuestAnswerKind.Malformed, Reason: reason);
        question.IsUnicast = !packet.Destination.IsMulticast;

        var outcome = Dhcp6Rule.Judge(question, _lease6!);
        var length = Dhcp6Rule.Write(question, outcome, _lease6!, reply.Slice(HeadersLength6, Dhcp6Rule.MaximumReply));
        return new(GuestAnswerKind.Dhcp6, length == 0 ? 0 : Wrap6(packet.Source, reply, length), outcome);
    }

    private int Wrap6(Ipv6Address asker, Span<byte> reply, int length)
    {
        var at = EthernetFrame.WriteHeader(reply, _guest, _server.Mac, EtherType.Ipv6);
        at += Ipv6Packet.WriteHeader(reply[at..], _serverLinkLocal, asker, IpProtocol.Udp, UdpDatagram.HeaderLength + length);
        return at + UdpDatagram.WriteHeader(reply[at..], _serverLinkLocal, asker, Dhcp6Wire.ServerPort, Dhcp6Wire.ClientPort, length);
    }

    private GuestAnswer AnswerNeighbour(EthernetFrame frame, Ipv6Packet packet, Span<byte> reply)
    {
        // Nobody has a group's address (RFC 4291 §2.7).
        if (packet.Payload.Length < Icmpv6Packet.HeaderLength || packet.Source.IsMulticast) return new(GuestAnswerKind.NotForUs);
        return (NeighbourMessageType)packet.Payload[0] switch
        {
            NeighbourMessageType.RouterSolicitation => AnswerRouterSolicitation(frame, packet, reply),
            NeighbourMessageType.NeighbourSolicitation => AnswerNeighbourSolicitation(frame, packet, reply),
            _ => new(GuestAnswerKind.NotForUs),
        };
    }

    private GuestAnswer AnswerRouterSolicitation(EthernetFrame frame, Ipv6Packet packet, Span<byte> reply)
    {
        if (!Icmpv6Packet.TryParse(packet, out var message, out var reason) || !RouterSolicitation.TryParse(packet, message, out var question, out reason))
            return new(GuestAnswerKind.Malformed, Reason: reason);
        // One without an address cannot be written to but through the group.
        var length = question.Source.IsAny
            ? _advertisement!.WriteFrame(reply)
            : _advertisement!.WriteFrame(reply, question.SourceMac ?? frame.Source, question.Source);
        return new(GuestAnswerKind.RouterSolicitation, length);
    }

    private GuestAnswer AnswerNeighbourSolicitation(EthernetFrame frame, Ipv6Packet packet, Span<byte> reply)
    {
        if (!Icmpv6Packet.TryParse(packet, out var message, out var reason) || !NeighbourSolicitation.TryParse(packet, message, out var question, out reason))
            return new(GuestAnswerKind.Malformed, Reason: reason);
        if (!_neighbours6.TryGetValue(question.Target, out var owner)) return new(GuestAnswerKind.NotForUs);
        var answer = NeighbourAdvertisement.Of(question, owner.Mac, owner.IsRouter);
        var length = question.IsProbe
            ? answer.WriteFrame(reply, Ipv6Address.AllNodes.MulticastMac, owner.Mac, Ipv6Address.AllNodes)
            : answer.WriteFrame(reply, question.SourceMac ?? frame.Source, owner.Mac, question.Source);
        return new(GuestAnswerKind.NeighbourSolicitation, length);
    }
}
