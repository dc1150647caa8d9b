namespace Migration.Packets.Ndp;

/// <summary>Is there a router? (RFC 4861 §4.1), checked as §6.1.1 demands.</summary>
/// <param name="Source">Unspecified where the asker has no address yet.</param>
/// <param name="SourceMac">Where the asker says it is; null where it does not.</param>
public readonly record struct RouterSolicitation(Ipv6Address Source, MacAddress? SourceMac)
{
    /// <summary>No router lets it through, so a message that still has it was sent on this link.</summary>
    internal const int RequiredHopLimit = 255;

    private const int OptionsAt = 4;

    public static bool TryParse(Ipv6Packet packet, Icmpv6Packet message, out RouterSolicitation solicitation, out string? reason)
    {
        solicitation = default;
        MacAddress? mac = null;
        reason = message.Type != (byte)NeighbourMessageType.RouterSolicitation ? "ICMPv6 message is no router solicitation"
            : packet.HopLimit != RequiredHopLimit ? "router solicitation is not from this link"
            : message.Code != 0 || message.Body.Length < OptionsAt ? "router solicitation is malformed"
            : NeighbourOption.FaultOf(message.Body[OptionsAt..], out mac);
        if (reason is null && packet.Source.IsAny && mac is not null) reason = "router solicitation from nobody names a source";
        if (reason is not null) return false;
        solicitation = new RouterSolicitation(packet.Source, mac);
        return true;
    }
}
