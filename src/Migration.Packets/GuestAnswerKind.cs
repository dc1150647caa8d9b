namespace Migration.Packets;

/// <summary>What a frame from the guest turned out to be.</summary>
public enum GuestAnswerKind
{
    /// <summary>Not a question to us: the frame goes where it was going.</summary>
    NotForUs,

    /// <summary>Meant for us, but broken; <see cref="GuestAnswer.Reason"/> says how.</summary>
    Malformed,

    /// <summary>The guest asked for the MAC of an address that we answer for.</summary>
    Arp,

    /// <summary>A DHCP message; <see cref="GuestAnswer.Dhcp"/> says what became of it.</summary>
    Dhcp,

    /// <summary>A DHCPv6 message; <see cref="GuestAnswer.Dhcp"/> says what became of it.</summary>
    Dhcp6,

    /// <summary>The guest asked for a router, and was told.</summary>
    RouterSolicitation,

    /// <summary>The guest asked for the MAC of an IPv6 address that we answer for.</summary>
    NeighbourSolicitation,
}
