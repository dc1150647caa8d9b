namespace Migration.Packets.Dhcp;

/// <summary>What the rule made of a client's message, DHCPv4's or DHCPv6's.</summary>
public enum DhcpOutcome
{
    /// <summary>No answer: not for us, or nothing to say.</summary>
    Ignored,

    /// <summary>DISCOVER was answered by OFFER, or Solicit by Advertise.</summary>
    Offered,

    /// <summary>The guest has its lease: ACK, or Reply with the addresses or the word that they are still its own.</summary>
    Acknowledged,

    /// <summary>INFORM or Information-request was answered with the configuration alone.</summary>
    Informed,

    /// <summary>The guest asked for what it cannot have: NAK, or Reply that says why.</summary>
    Refused,

    /// <summary>The guest gave its address back; the reservation stays.</summary>
    Released,

    /// <summary>The guest found its address in use by somebody else.</summary>
    Declined,
}
