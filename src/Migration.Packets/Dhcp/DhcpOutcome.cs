namespace Migration.Packets.Dhcp;

/// <summary>What the rule made of a client's message.</summary>
public enum DhcpOutcome
{
    /// <summary>No answer: not for us, or nothing to say.</summary>
    Ignored,

    /// <summary>DISCOVER was answered by OFFER.</summary>
    Offered,

    /// <summary>The guest has its lease: ACK.</summary>
    Acknowledged,

    /// <summary>INFORM was answered with the configuration alone.</summary>
    Informed,

    /// <summary>The guest asked for an address that is not its own: NAK.</summary>
    Refused,

    /// <summary>The guest gave its address back; the reservation stays.</summary>
    Released,

    /// <summary>The guest found its address in use by somebody else.</summary>
    Declined,
}
