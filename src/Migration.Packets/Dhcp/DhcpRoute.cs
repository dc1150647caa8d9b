using System.Net;

namespace Migration.Packets.Dhcp;

/// <summary>A route that a guest is given.</summary>
/// <param name="Gateway">Null for a destination on the link.</param>
public sealed record DhcpRoute(IPNetwork Destination, IPAddress? Gateway);
