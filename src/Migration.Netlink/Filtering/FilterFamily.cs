namespace Migration.Netlink;

/// <summary>Which packets a table sees; the kernel's numbers (NFPROTO_*).</summary>
public enum FilterFamily : byte
{
    /// <summary>IPv4 and IPv6 together.</summary>
    Inet = 1,
    Ipv4 = 2,
    Arp = 3,
    Netdev = 5,
    Bridge = 7,
    Ipv6 = 10,
}
