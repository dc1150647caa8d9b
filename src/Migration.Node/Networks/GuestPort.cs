namespace Migration.Node.Networks;

/// <summary>Ports that a masqueraded guest serves, the last included.</summary>
/// <param name="Protocol">"tcp", "udp" or "sctp".</param>
internal sealed record GuestPort(string Protocol, ushort First, ushort Last);
