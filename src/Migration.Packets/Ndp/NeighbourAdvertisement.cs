using System.Buffers.Binary;

namespace Migration.Packets.Ndp;

/// <summary>This address is here (RFC 4861 §4.4).</summary>
/// <param name="IsRouter">Whether the target forwards; a guest drops a default router that says it does not.</param>
/// <param name="IsSolicited">It answers a question of the one it is sent to.</param>
/// <param name="Overrides">What was known before is replaced.</param>
public readonly record struct NeighbourAdvertisement(Ipv6Address Target, MacAddress Mac, bool IsRouter, bool IsSolicited, bool Overrides)
{
    /// <summary>The message with its one option.</summary>
    public const int Length = Icmpv6Packet.HeaderLength + BodyLength;

    private const int TargetAt = 4, OptionsAt = TargetAt + Ipv6Address.Length, BodyLength = OptionsAt + NeighbourOption.Unit;
    private const uint Router = 1u << 31, Solicited = 1u << 30, Override = 1u << 29;

    /// <summary>The answer to a solicitation; one that probes is told through the group of all nodes, for it has no address yet.</summary>
    public static NeighbourAdvertisement Of(NeighbourSolicitation question, MacAddress owner, bool isRouter) =>
        new(question.Target, owner, isRouter, IsSolicited: !question.IsProbe, Overrides: true);

    /// <summary>Writes the whole frame and returns its length.</summary>
    public int WriteFrame(Span<byte> bytes, MacAddress destinationMac, MacAddress sourceMac, Ipv6Address destination, int vlanId = 0)
    {
        var at = EthernetFrame.WriteHeader(bytes, destinationMac, sourceMac, EtherType.Ipv6, vlanId);
        at += Ipv6Packet.WriteHeader(bytes[at..], Target, destination, IpProtocol.IcmpV6, Length, RouterSolicitation.RequiredHopLimit);
        var body = bytes[(at + Icmpv6Packet.HeaderLength)..];
        BinaryPrimitives.WriteUInt32BigEndian(body, (IsRouter ? Router : 0) | (IsSolicited ? Solicited : 0) | (Overrides ? Override : 0));
        Target.Write(body[TargetAt..]);
        NeighbourOption.WriteLinkLayer(body[OptionsAt..], NeighbourOption.TargetLinkLayer, Mac);
        return at + Icmpv6Packet.WriteHeader(bytes[at..], (byte)NeighbourMessageType.NeighbourAdvertisement, Target, destination, BodyLength);
    }

    public static bool TryParse(Ipv6Packet packet, Icmpv6Packet message, out NeighbourAdvertisement advertisement, out string? reason)
    {
        advertisement = default;
        reason = message.Type != (byte)NeighbourMessageType.NeighbourAdvertisement ? "ICMPv6 message is no neighbour advertisement"
            : packet.HopLimit != RouterSolicitation.RequiredHopLimit ? "neighbour advertisement is not from this link"
            : message.Code != 0 || message.Body.Length < OptionsAt ? "neighbour advertisement is malformed"
            : NeighbourOption.FaultOf(message.Body[OptionsAt..], out _);
        if (reason is not null) return false;
        var flags = BinaryPrimitives.ReadUInt32BigEndian(message.Body);
        var target = Ipv6Address.Read(message.Body[TargetAt..]);
        var option = message.Body[OptionsAt..];
        var mac = option.Length >= NeighbourOption.Unit && option[0] == NeighbourOption.TargetLinkLayer ? MacAddress.Read(option[2..]) : default;
        advertisement = new NeighbourAdvertisement(target, mac, (flags & Router) != 0, (flags & Solicited) != 0, (flags & Override) != 0);
        return true;
    }
}
