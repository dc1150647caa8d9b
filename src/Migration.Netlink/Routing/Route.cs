using System.Net;

namespace Migration.Netlink;

/// <summary>A route. Read, it is what the kernel has.</summary>
public sealed record Route
{
    /// <summary>RT_TABLE_MAIN.</summary>
    public const uint MainTable = 254;

    /// <summary>RTPROT_STATIC.</summary>
    public const byte StaticProtocol = 4;

    public required IPNetwork Destination { get; init; }

    public IPAddress? Gateway { get; init; }

    public int? InterfaceIndex { get; init; }

    /// <summary>Source address for packets of our own (RTA_PREFSRC).</summary>
    public IPAddress? Source { get; init; }

    /// <summary>Lower is preferred (RTA_PRIORITY).</summary>
    public uint? Metric { get; init; }

    public uint Table { get; init; } = MainTable;

    /// <summary>Null when written: link without a gateway, universe with one.</summary>
    public RouteScope? Scope { get; init; }

    public RouteType Type { get; init; } = RouteType.Unicast;

    /// <summary>Who installed it (RTPROT_*).</summary>
    public byte Protocol { get; init; } = StaticProtocol;

    /// <summary>The gateway is reachable on the link although no prefix says so.</summary>
    public bool OnLink { get; init; }

    public uint? Mtu { get; init; }

    /// <summary>The ways of a multipath route (RTA_MULTIPATH), which has no gateway and interface of its own.</summary>
    public IReadOnlyList<NextHop> NextHops { get; init; } = [];

    /// <summary>For messages: <c>10.0.0.0/8 via 10.1.0.1 dev 3</c>.</summary>
    public override string ToString()
    {
        var via = Gateway is null ? "" : $" via {Gateway}";
        var device = InterfaceIndex is null ? "" : $" dev {InterfaceIndex}";
        var hops = string.Concat(NextHops.Select(hop => $" nexthop{(hop.Gateway is null ? "" : $" via {hop.Gateway}")} dev {hop.InterfaceIndex}"));
        var table = Table == MainTable ? "" : $" table {Table}";
        return $"{(Type == RouteType.Unicast ? "" : $"{Type} ")}{Destination}{via}{device}{hops}{table}";
    }
}
