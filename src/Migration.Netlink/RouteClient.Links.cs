using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink;

public sealed partial class RouteClient
{
    public IReadOnlyList<Link> GetLinks() => _socket.Dump(LinkMessage.WriteDump(), "list links", LinkMessage.Read);

    /// <summary>ENODEV if there is none.</summary>
    public Link GetLink(string name) => _socket.Get(LinkMessage.WriteGet(name), $"get link {name}", LinkMessage.Read);

    /// <inheritdoc cref="GetLink(string)"/>
    public Link GetLink(int index) => _socket.Get(LinkMessage.WriteGet(index), $"get link {index}", LinkMessage.Read);

    /// <summary>Null if there is none.</summary>
    public Link? FindLink(string name) => NullIfAbsent(() => GetLink(name));

    /// <inheritdoc cref="FindLink(string)"/>
    public Link? FindLink(int index) => NullIfAbsent(() => GetLink(index));

    /// <summary>EEXIST if the name is taken.</summary>
    public void CreateLink(NewLink link) => _socket.Execute(LinkMessage.WriteNew(link), $"create {link.Kind} {link.Name}");

    public void DeleteLink(int index) => _socket.Execute(LinkMessage.WriteDelete(index), $"delete link {index}");

    public void SetLink(int index, LinkChanges changes) => _socket.Execute(LinkMessage.WriteSet(index, changes), $"set link {index}: {changes}");

    /// <summary>Changes settings of a bridge port.</summary>
    public void SetBridgePort(int index, BridgePort port) => _socket.Execute(LinkMessage.WriteSetPort(index, port), $"set bridge port {index}");

    private static Link? NullIfAbsent(Func<Link> get)
    {
        try
        {
            return get();
        }
        catch (NetlinkException exception) when (exception.Errno == Errno.ENODEV)
        {
            return null;
        }
    }
}
