namespace Migration.Netlink;

/// <summary>Settings of a bridge port (IFLA_BRPORT_*). Read: all are known. Written: null leaves a setting as it is.</summary>
public sealed record BridgePort
{
    public bool? Learning { get; init; }

    /// <summary>Forwards unicast frames whose destination is unknown.</summary>
    public bool? UnicastFlood { get; init; }

    public bool? MulticastFlood { get; init; }

    public bool? BroadcastFlood { get; init; }

    /// <summary>Cannot reach other isolated ports.</summary>
    public bool? Isolated { get; init; }

    /// <summary>May send a frame back where it came from.</summary>
    public bool? Hairpin { get; init; }

    /// <summary>Refuses spanning tree messages.</summary>
    public bool? Guard { get; init; }

    /// <summary>Answers ARP and ND for known neighbours instead of flooding.</summary>
    public bool? NeighbourSuppression { get; init; }

    /// <summary>Takes frames from known source addresses only.</summary>
    public bool? Locked { get; init; }
}
