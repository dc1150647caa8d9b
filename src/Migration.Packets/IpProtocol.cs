namespace Migration.Packets;

/// <summary>What an IPv4 packet carries (IANA protocol numbers).</summary>
public enum IpProtocol : byte
{
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
}
