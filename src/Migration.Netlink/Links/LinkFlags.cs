namespace Migration.Netlink;

/// <summary>IFF_* of netdevice(7).</summary>
[Flags]
public enum LinkFlags : uint
{
    None = 0,
    Up = 0x1,
    Broadcast = 0x2,
    Loopback = 0x8,
    Running = 0x40,
    NoArp = 0x80,
    Promiscuous = 0x100,
    AllMulticast = 0x200,
    Multicast = 0x1000,
    LowerUp = 0x10000,
}
