namespace Migration.Netlink.Protocol;

/// <summary>IFLA_BR_*.</summary>
internal static class BridgeAttributes
{
    private const ushort IFLA_BR_FORWARD_DELAY = 1, IFLA_BR_AGEING_TIME = 4, IFLA_BR_STP_STATE = 5, IFLA_BR_VLAN_FILTERING = 7, IFLA_BR_MCAST_SNOOPING = 23;

    public static void Write(MessageWriter message, NewLink.Bridge bridge)
    {
        if (bridge.SpanningTree is { } spanningTree)
            message.UInt32(IFLA_BR_STP_STATE, spanningTree ? 1u : 0u);
        if (bridge.ForwardDelay is { } delay)
            message.UInt32(IFLA_BR_FORWARD_DELAY, delay);
        if (bridge.AgeingTime is { } ageing)
            message.UInt32(IFLA_BR_AGEING_TIME, ageing);
        if (bridge.VlanFiltering is { } filtering)
            message.Flag(IFLA_BR_VLAN_FILTERING, filtering);
        if (bridge.MulticastSnooping is { } snooping)
            message.Flag(IFLA_BR_MCAST_SNOOPING, snooping);
    }

    public static LinkDetails.Bridge Read(AttributeReader reader)
    {
        var bridge = new LinkDetails.Bridge();
        while (reader.Next())
        {
            bridge = reader.Type switch
            {
                IFLA_BR_STP_STATE => bridge with { SpanningTree = reader.UInt32() != 0 },
                IFLA_BR_FORWARD_DELAY => bridge with { ForwardDelay = reader.UInt32() },
                IFLA_BR_AGEING_TIME => bridge with { AgeingTime = reader.UInt32() },
                IFLA_BR_VLAN_FILTERING => bridge with { VlanFiltering = reader.Flag() },
                IFLA_BR_MCAST_SNOOPING => bridge with { MulticastSnooping = reader.Flag() },
                _ => bridge,
            };
        }

        return bridge;
    }
}
