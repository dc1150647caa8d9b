namespace Migration.Netlink.Protocol;

/// <summary>IFLA_BRPORT_*.</summary>
internal static class BridgePortAttributes
{
    private const ushort IFLA_BRPORT_MODE = 4, IFLA_BRPORT_GUARD = 5, IFLA_BRPORT_LEARNING = 8, IFLA_BRPORT_UNICAST_FLOOD = 9;
    private const ushort IFLA_BRPORT_MCAST_FLOOD = 27, IFLA_BRPORT_BCAST_FLOOD = 30, IFLA_BRPORT_NEIGH_SUPPRESS = 32, IFLA_BRPORT_ISOLATED = 33, IFLA_BRPORT_LOCKED = 39;

    public static void Write(MessageWriter message, BridgePort port)
    {
        Flag(IFLA_BRPORT_LEARNING, port.Learning);
        Flag(IFLA_BRPORT_UNICAST_FLOOD, port.UnicastFlood);
        Flag(IFLA_BRPORT_MCAST_FLOOD, port.MulticastFlood);
        Flag(IFLA_BRPORT_BCAST_FLOOD, port.BroadcastFlood);
        Flag(IFLA_BRPORT_ISOLATED, port.Isolated);
        Flag(IFLA_BRPORT_MODE, port.Hairpin);
        Flag(IFLA_BRPORT_GUARD, port.Guard);
        Flag(IFLA_BRPORT_NEIGH_SUPPRESS, port.NeighbourSuppression);
        Flag(IFLA_BRPORT_LOCKED, port.Locked);

        void Flag(ushort type, bool? value)
        {
            if (value is { } flag)
                message.Flag(type, flag);
        }
    }

    public static BridgePort Read(AttributeReader reader)
    {
        var port = new BridgePort();
        while (reader.Next())
        {
            port = reader.Type switch
            {
                IFLA_BRPORT_LEARNING => port with { Learning = reader.Flag() },
                IFLA_BRPORT_UNICAST_FLOOD => port with { UnicastFlood = reader.Flag() },
                IFLA_BRPORT_MCAST_FLOOD => port with { MulticastFlood = reader.Flag() },
                IFLA_BRPORT_BCAST_FLOOD => port with { BroadcastFlood = reader.Flag() },
                IFLA_BRPORT_ISOLATED => port with { Isolated = reader.Flag() },
                IFLA_BRPORT_MODE => port with { Hairpin = reader.Flag() },
                IFLA_BRPORT_GUARD => port with { Guard = reader.Flag() },
                IFLA_BRPORT_NEIGH_SUPPRESS => port with { NeighbourSuppression = reader.Flag() },
                IFLA_BRPORT_LOCKED => port with { Locked = reader.Flag() },
                _ => port,
            };
        }

        return port;
    }
}
