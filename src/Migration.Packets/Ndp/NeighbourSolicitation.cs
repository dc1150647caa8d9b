namespace Migration.Packets.Ndp;

/// <summary>Who has this address? (RFC 4861 §4.3), checked as §7.1.1 demands.</summary>
/// <param name="Source">Unspecified in duplicate address detection: the asker would like to use the target itself.</param>
/// <param name="SourceMac">Where the asker says it is; null where it does not.</param>
public readonly record struct NeighbourSolicitation(Ipv6Address Source, Ipv6Address Target, MacAddress? SourceMac)
{
    private const int TargetAt = 4, OptionsAt = TargetAt + Ipv6Address.Length;

    /// <summary>Asks whether an address is taken (RFC 4862 §5.4.2).</summary>
    public bool IsProbe => Source.IsAny;

    public static bool TryParse(Ipv6Packet packet, Icmpv6Packet message, out NeighbourSolicitation solicitation, out string? reason)
    {
        solicitation = default;
        MacAddress? mac = null;
        reason = message.Type != (byte)NeighbourMessageType.NeighbourSolicitation ? "ICMPv6 message is no neighbour solicitation"
            : packet.HopLimit != RouterSolicitation.RequiredHopLimit ? "neighbour solicitation is not from this link"
            : message.Code != 0 || message.Body.Length < OptionsAt ? "neighbour solicitation is malformed"
            : NeighbourOption.FaultOf(message.Body[OptionsAt..], out mac);
        if (reason is not null) return false;
        var target = Ipv6Address.Read(message.Body[TargetAt..]);
        if (target.IsMulticast) reason = "neighbour solicitation asks for a group";
        else if (packet.Source.IsAny && mac is not null) reason = "neighbour solicitation from nobody names a source";
        else if (packet.Source.IsAny && packet.Destination != target.SolicitedNode) reason = "neighbour solicitation from nobody is not to the target's group";
        if (reason is not null) return false;
        solicitation = new NeighbourSolicitation(packet.Source, target, mac);
        return true;
    }
}
