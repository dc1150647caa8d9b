using System.Net;
using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink;

public sealed partial class RouteClient
{
    /// <summary>IPv4 and IPv6 routes of a table; none if there is no such table.</summary>
    public IReadOnlyList<Route> GetRoutes(uint table = Route.MainTable) => [.. GetRoutes(Family.Ipv4, table), .. GetRoutes(Family.Ipv6, table)];

    /// <summary>The route a packet to this address would take now; ENETUNREACH if there is none.</summary>
    public Route LookUpRoute(IPAddress destination) =>
        _socket.Get(RouteMessage.WriteLookUp(destination), $"look up route to {destination}", RouteMessage.Read);

    /// <summary>EEXIST if there is one to the same destination with the same metric.</summary>
    public void AddRoute(Route route) =>
        _socket.Execute(RouteMessage.Write(RouteMessage.New, NetlinkHeader.Create | NetlinkHeader.Exclusive, route), $"add route {route}");

    public void ReplaceRoute(Route route) =>
        _socket.Execute(RouteMessage.Write(RouteMessage.New, NetlinkHeader.Create | NetlinkHeader.Replace, route), $"replace route {route}");

    /// <summary>ESRCH if there is none.</summary>
    public void DeleteRoute(Route route) => _socket.Execute(RouteMessage.Write(RouteMessage.Delete, flags: 0, route), $"delete route {route}");

    private List<Route> GetRoutes(byte family, uint table)
    {
        try
        {
            return _socket.Dump(RouteMessage.WriteDump(family, table), $"list routes of table {table}", RouteMessage.Read);
        }
        catch (NetlinkException exception) when (exception.Errno is Errno.ENOENT or Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP)
        {
            // No such table yet, or no IPv6 in this kernel.
            return [];
        }
    }
}
