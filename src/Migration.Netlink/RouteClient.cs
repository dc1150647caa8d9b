using Migration.Linux;

namespace Migration.Netlink;

/// <summary>
/// The kernel's links, addresses, routes, neighbours and traffic control of one namespace, verb by verb as rtnetlink(7) has them.
/// A method does exactly what its name says, once: EEXIST and ENOENT are the caller's to judge. Any thread may call.
/// </summary>
public sealed partial class RouteClient : IDisposable
{
    private readonly NetlinkSocket _socket;

    private RouteClient(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a conversation with a namespace; it stays with that namespace wherever it is used.</summary>
    public static RouteClient Open(NetworkNamespace space) => new(NetlinkSocket.Open(space, NetlinkSocket.Route));

    /// <summary>Opens a conversation with the namespace this process runs in.</summary>
    public static RouteClient Open() => new(NetlinkSocket.Open(space: null, NetlinkSocket.Route));

    public void Dispose() => _socket.Dispose();
}
