using System.Net;

namespace Migration.Netlink;

/// <summary>One of several ways of a multipath route.</summary>
/// <param name="Gateway">Null: on the link itself.</param>
/// <param name="InterfaceIndex">The link it leaves by.</param>
/// <param name="Weight">Its share, 1 to 256.</param>
/// <param name="OnLink">The gateway is reachable on the link although no prefix says so.</param>
public sealed record NextHop(IPAddress? Gateway, int InterfaceIndex, int Weight = 1, bool OnLink = false);
