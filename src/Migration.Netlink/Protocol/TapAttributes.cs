namespace Migration.Netlink.Protocol;

/// <summary>IFLA_TUN_*: read only, taps are made through /dev/net/tun.</summary>
internal static class TapAttributes
{
    private const ushort IFLA_TUN_OWNER = 1, IFLA_TUN_GROUP = 2, IFLA_TUN_TYPE = 3, IFLA_TUN_VNET_HDR = 5, IFLA_TUN_PERSIST = 6;
    private const ushort IFLA_TUN_MULTI_QUEUE = 7, IFLA_TUN_NUM_QUEUES = 8;
    private const byte IFF_TAP = 2;

    public static LinkDetails.Tap Read(AttributeReader reader)
    {
        var tap = new LinkDetails.Tap();
        while (reader.Next())
        {
            tap = reader.Type switch
            {
                IFLA_TUN_OWNER => tap with { Owner = reader.UInt32() },
                IFLA_TUN_GROUP => tap with { Group = reader.UInt32() },
                IFLA_TUN_TYPE => tap with { IsTap = reader.Byte() == IFF_TAP },
                IFLA_TUN_VNET_HDR => tap with { VirtioNetHeader = reader.Flag() },
                IFLA_TUN_PERSIST => tap with { Persistent = reader.Flag() },
                IFLA_TUN_MULTI_QUEUE => tap with { MultiQueue = reader.Flag() },
                IFLA_TUN_NUM_QUEUES => tap with { Queues = reader.Int32() },
                _ => tap,
            };
        }

        return tap;
    }
}
