using System.Net;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>A route through a pod NIC as it is written down.</summary>
internal sealed record NicRoute
{
    public required string Destination { get; init; }
    public string? Gateway { get; init; }
    public string? Source { get; init; }
    public int? Link { get; init; }
    public uint? Metric { get; init; }
    public uint Table { get; init; } = Route.MainTable;
    public RouteScope Scope { get; init; }
    public byte Protocol { get; init; }
    public bool OnLink { get; init; }
    public uint? Mtu { get; init; }
    public IReadOnlyList<NicNextHop> NextHops { get; init; } = [];

    public static NicRoute From(Route route) => new()
    {
        Destination = route.Destination.ToString(),
        Gateway = route.Gateway?.ToString(),
        Source = route.Source?.ToString(),
        Link = route.InterfaceIndex,
        Metric = route.Metric,
        Table = route.Table,
        Scope = route.Scope ?? RouteScope.Universe,
        Protocol = route.Protocol,
        OnLink = route.OnLink,
        Mtu = route.Mtu,
        NextHops = [.. route.NextHops.Select(hop => new NicNextHop(hop.Gateway?.ToString(), hop.InterfaceIndex, hop.Weight, hop.OnLink))],
    };

    public Route ToRoute() => new()
    {
        Destination = IPNetwork.Parse(Destination),
        Gateway = Gateway is null ? null : IPAddress.Parse(Gateway),
        Source = Source is null ? null : IPAddress.Parse(Source),
        InterfaceIndex = Link,
        Metric = Metric,
        Table = Table,
        Scope = Scope,
        Protocol = Protocol,
        OnLink = OnLink,
        Mtu = Mtu,
        NextHops = [.. NextHops.Select(hop => new NextHop(hop.Gateway is null ? null : IPAddress.Parse(hop.Gateway), hop.Link, hop.Weight, hop.OnLink))],
    };
}
