using System.Net;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Ndp;

namespace Migration.Node.Networks;

/// <summary>
/// Finds out where a guest's IPv6 gateway is, which the guest itself cannot: it knows its router only by the fixed link-local address
/// that the node gives it. Asks as one asks for duplicates (RFC 4862 §5.4.2): from nobody, so that no neighbour learns anything from
/// the question, on whichever node it is asked. Asks again for ever, because gateways move.
/// </summary>
internal sealed class GatewaySearch : IDisposable
{
    private const int SolicitationBody = 4 + Ipv6Address.Length;
    private const byte OnThisLink = 255;
    private static readonly TimeSpan UntilFound = TimeSpan.FromSeconds(1), OnceFound = TimeSpan.FromSeconds(60);
    private readonly Ipv6Address _gateway;
    private readonly byte[] _question;

    public GatewaySearch(PodNic nic, IPAddress gateway, NetworkNamespace space)
    {
        _gateway = Ipv6Address.From(gateway);
        _question = Question(_gateway, nic.Mac);
        // Past the guard that keeps the pod's own stack mute.
        var options = new PacketOptions { Filter = GuestFrames.NeighbourAdvertisements(), IgnoreOutgoing = true, BypassTrafficControl = true };
        Socket = PacketSocket.Open(space, nic.Link.Index, options);
    }

    public PacketSocket Socket { get; }

    public MacAddress? Found { get; private set; }

    /// <summary>Asks, and tells when to ask again.</summary>
    public TimeSpan Ask()
    {
        Socket.TrySend(_question);
        return Found is null ? UntilFound : OnceFound;
    }

    /// <summary>Whether a frame tells something new.</summary>
    public bool Hear(ReadOnlySpan<byte> frame)
    {
        if (!EthernetFrame.TryParse(frame, out var ethernet, out _) || ethernet.Type != EtherType.Ipv6
            || !Ipv6Packet.TryParse(ethernet.Payload, out var packet, out _) || !Icmpv6Packet.TryParse(packet, out var message, out _)
            || !NeighbourAdvertisement.TryParse(packet, message, out var advertisement, out _) || advertisement.Target != _gateway)
            return false;
        var mac = advertisement.Mac != default ? advertisement.Mac : ethernet.Source;
        // What is known is only replaced by who says so (RFC 4861 §7.2.5).
        if (mac == Found || (Found is not null && !advertisement.Overrides))
            return false;
        Found = mac;
        return true;
    }

    public void Dispose() => Socket.Dispose();

    private static byte[] Question(Ipv6Address gateway, MacAddress asker)
    {
        var frame = new byte[EthernetFrame.HeaderLength + Ipv6Packet.HeaderLength + Icmpv6Packet.HeaderLength + SolicitationBody];
        var group = gateway.SolicitedNode;
        var at = EthernetFrame.WriteHeader(frame, group.MulticastMac, asker, EtherType.Ipv6);
        at += Ipv6Packet.WriteHeader(frame.AsSpan(at), Ipv6Address.Any, group, IpProtocol.IcmpV6, frame.Length - at - Ipv6Packet.HeaderLength, OnThisLink);
        gateway.Write(frame.AsSpan(frame.Length - Ipv6Address.Length));
        Icmpv6Packet.WriteHeader(frame.AsSpan(at), (byte)NeighbourMessageType.NeighbourSolicitation, Ipv6Address.Any, group, SolicitationBody);
        return frame;
    }
}
