using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// Filters beside the way between pod NIC and guest: the guest's questions to the node go no further than the tap, foreign servers are
/// not heard by a guest that has its lease from us (per family: on a NIC without addresses the guest hears everybody), and the pod's own
/// stack is mute.
/// </summary>
internal static class Guards
{
    public const ushort Priority = 1;
    private const int ToThePod = 0, Drop = 2, NextFilter = -1; // TC_ACT_OK, TC_ACT_SHOT, TC_ACT_UNSPEC

    public static IEnumerable<Step> Steps(PodLinks links, PodNic nic, int tap, BoundInterface bound)
    {
        yield return links.Hooks(nic.Link.Index);
        yield return links.Hooks(tap);
        yield return Guard(links, nic.Link.Index, TrafficHook.Egress, GuestFrames.FromThePodItself());
        yield return Guard(links, tap, TrafficHook.Ingress, GuestFrames.ForTheNode(nic, bound));
        yield return Guard(links, nic.Link.Index, TrafficHook.Ingress, ForeignServers(bound));
    }

    private static byte[]? ForeignServers(BoundInterface bound) => (GuestFrames.FromDhcpServers(bound), GuestFrames.FromForeignRouters(bound)) switch
    {
        ({ } dhcp, { } routers) => dhcp.ToClassifier(ToThePod, routers, Drop, NextFilter),
        ({ } dhcp, null) => dhcp.ToClassifier(ToThePod, NextFilter),
        (null, { } routers) => routers.ToClassifier(Drop, NextFilter),
        _ => null,
    };

    private static Step Guard(PodLinks links, int link, TrafficHook hook, PacketFilter? dropped) =>
        Guard(links, link, hook, dropped?.ToClassifier(Drop, NextFilter));

    private static Step Guard(PodLinks links, int link, TrafficHook hook, byte[]? program)
    {
        if (program is null)
            return links.NoFilter(link, hook, Priority);
        var classifier = new Classifier.Bpf(program);
        return links.Filter(new TrafficFilter { InterfaceIndex = link, Hook = hook, Priority = Priority, Handle = classifier.FirstHandle, Classifier = classifier });
    }
}
