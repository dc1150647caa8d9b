using Migration.Netlink.Protocol;

namespace Migration.Netlink;

public sealed partial class RouteClient
{
    /// <summary>Gives an interface the two hooks that filters sit on (clsact); EEXIST if it has them.</summary>
    public void AddTrafficHooks(int interfaceIndex) =>
        _socket.Execute(
            TrafficMessage.WriteClsact(TrafficMessage.NewQdisc, NetlinkHeader.Create | NetlinkHeader.Exclusive, interfaceIndex),
            $"add clsact to link {interfaceIndex}");

    /// <summary>Takes them away, and all filters with them.</summary>
    public void DeleteTrafficHooks(int interfaceIndex) =>
        _socket.Execute(TrafficMessage.WriteClsact(TrafficMessage.DeleteQdisc, flags: 0, interfaceIndex), $"delete clsact of link {interfaceIndex}");

    public IReadOnlyList<QueueingDiscipline> GetQueueingDisciplines(int interfaceIndex) =>
        _socket.Dump(TrafficMessage.WriteQdiscDump(interfaceIndex), $"list qdiscs of link {interfaceIndex}", TrafficMessage.ReadQdisc)
            .FindAll(qdisc => qdisc.InterfaceIndex == interfaceIndex);

    /// <summary>The filters on a hook in the order in which they are tried.</summary>
    public IReadOnlyList<TrafficFilter> GetFilters(int interfaceIndex, TrafficHook hook) =>
        [.. _socket.Dump(TrafficMessage.WriteFilterDump(interfaceIndex, hook), $"list filters of link {interfaceIndex}", TrafficMessage.ReadFilter).OfType<TrafficFilter>()];

    /// <summary>EEXIST if there is one of that identity.</summary>
    public void AddFilter(TrafficFilter filter) =>
        _socket.Execute(TrafficMessage.Write(NetlinkHeader.Create | NetlinkHeader.Exclusive, filter), $"add filter {filter}");

    /// <summary>
    /// Adds the filter, or changes the one of that identity in one atomic step: pointing a cable somewhere else. EEXIST for matchall, which the kernel does not
    /// change in place.
    /// </summary>
    public void ReplaceFilter(TrafficFilter filter) => _socket.Execute(TrafficMessage.Write(NetlinkHeader.Create, filter), $"replace filter {filter}");

    /// <summary>ENOENT if there is none.</summary>
    public void DeleteFilter(TrafficFilter filter) => _socket.Execute(TrafficMessage.WriteDelete(filter), $"delete filter {filter}");

    /// <summary>Removes all filters of a hook.</summary>
    public void DeleteFilters(int interfaceIndex, TrafficHook hook) =>
        _socket.Execute(TrafficMessage.WriteFlush(interfaceIndex, hook), $"delete filters of link {interfaceIndex}");

    /// <summary>Adds or changes, in one atomic step, the action of that number, for every filter that uses it.</summary>
    public void ReplaceAction(MirredAction action) =>
        _socket.Execute(ActionAttributes.WriteReplace(action), $"replace action mirred {action.Index} to link {action.TargetIndex}");
}
