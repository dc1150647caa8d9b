namespace Migration.Packets;

/// <summary>What an IP packet carries (IANA protocol numbers); in IPv6 some only stand before what it carries.</summary>
public enum IpProtocol : byte
{
    HopByHopOptions = 0,
    Icmp = 1,
    Tcp = 6,
    Udp = 17,
    Ipv6Routing = 43,
    Ipv6Fragment = 44,
    IcmpV6 = 58,
    DestinationOptions = 60,
}
