using Migration.Netlink.Protocol;

namespace Migration.Netlink;

public sealed partial class RouteClient
{
    /// <summary>IPv4 and IPv6 neighbours on one interface.</summary>
    public IReadOnlyList<Neighbour> GetNeighbours(int interfaceIndex) =>
        _socket.Dump(NeighbourMessage.WriteDump(interfaceIndex), $"list neighbours of link {interfaceIndex}", NeighbourMessage.Read);

    /// <summary>Adds it, or changes the one of the same address.</summary>
    public void ReplaceNeighbour(Neighbour neighbour) =>
        _socket.Execute(
            NeighbourMessage.Write(NeighbourMessage.New, NetlinkHeader.Create | NetlinkHeader.Replace, neighbour),
            $"replace neighbour {neighbour.Address} dev {neighbour.InterfaceIndex}");

    /// <summary>ENOENT if there is none.</summary>
    public void DeleteNeighbour(Neighbour neighbour) =>
        _socket.Execute(
            NeighbourMessage.Write(NeighbourMessage.Delete, flags: 0, neighbour),
            $"delete neighbour {neighbour.Address} dev {neighbour.InterfaceIndex}");

    /// <summary>What a bridge has learned and was told, over all its ports.</summary>
    public IReadOnlyList<ForwardingEntry> GetBridgeForwarding(int bridgeIndex) =>
        _socket.Dump(
            NeighbourMessage.WriteForwardingDump(interfaceIndex: 0, bridgeIndex),
            $"list forwarding entries of bridge {bridgeIndex}",
            NeighbourMessage.ReadForwarding);

    /// <summary>The entries on one interface: of its bridge, and of the device itself.</summary>
    public IReadOnlyList<ForwardingEntry> GetForwarding(int interfaceIndex) =>
        _socket.Dump(
            NeighbourMessage.WriteForwardingDump(interfaceIndex, bridgeIndex: 0),
            $"list forwarding entries of link {interfaceIndex}",
            NeighbourMessage.ReadForwarding);

    public void ReplaceForwarding(ForwardingEntry entry) =>
        _socket.Execute(
            NeighbourMessage.Write(NeighbourMessage.New, NetlinkHeader.Create | NetlinkHeader.Replace, entry),
            $"replace forwarding entry {entry}");

    /// <summary>One more far end for the same MAC address of a vxlan (frames are copied to all).</summary>
    public void AppendForwarding(ForwardingEntry entry) =>
        _socket.Execute(
            NeighbourMessage.Write(NeighbourMessage.New, NetlinkHeader.Create | NetlinkHeader.Append, entry),
            $"append forwarding entry {entry}");

    /// <summary>ENOENT if there is none.</summary>
    public void DeleteForwarding(ForwardingEntry entry) =>
        _socket.Execute(NeighbourMessage.Write(NeighbourMessage.Delete, flags: 0, entry), $"delete forwarding entry {entry}");
}
