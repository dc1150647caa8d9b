using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The cable wiring of the bridge binding (DESIGN §5): what comes in on the pod NIC goes out of the tap and the other way round, before
/// the pod's own stack sees it. Three guards stand beside it: the guest's questions to the node go no further than the tap, foreign DHCP
/// servers are not heard, and the pod's stack is mute. Nothing about the pod NIC itself is changed. Every step reads, compares and only
/// then changes, so it may be repeated at any time; pointing the cable elsewhere replaces one filter.
/// </summary>
internal sealed class Cable
{
    /// <summary>QEMU's user in the launcher pod.</summary>
    public const uint QemuUser = 107;

    private const ushort GuardPriority = 1, CablePriority = 2;
    private const int Drop = 2, NextFilter = -1; // TC_ACT_SHOT, TC_ACT_UNSPEC
    private readonly RouteClient _route;
    private readonly NetworkNamespace _space;
    private readonly Classifier _everything;

    public Cable(RouteClient route, NetworkNamespace space, Classifier everything) => (_route, _space, _everything) = (route, space, everything);

    public void Ensure(PodNic nic, BoundInterface bound)
    {
        var tap = EnsureTap(nic, bound);
        EnsureHooks(tap.Index);
        EnsureHooks(nic.Link.Index);
        foreach (var filter in Filters(nic, tap.Index, bound))
            EnsureFilter(filter);
    }

    /// <summary>What differs from what <see cref="Ensure"/> makes; null if nothing does.</summary>
    public string? Differs(PodNic nic, BoundInterface bound)
    {
        if (_route.FindLink(bound.Tap) is not { } tap)
            return $"{bound.Tap} is gone";
        if (!IsRight(tap, bound))
            return $"{bound.Tap} is not our tap";
        if (!tap.IsUp || tap.Mtu != nic.Link.Mtu)
            return $"{bound.Tap} is {(tap.IsUp ? $"set to MTU {tap.Mtu} instead of {nic.Link.Mtu}" : "down")}";
        return Filters(nic, tap.Index, bound).FirstOrDefault(filter => !IsThere(filter)) is { } missing ? $"missing or changed: filter {missing}" : null;
    }

    /// <summary>Undoes it. What is gone already is no obstacle.</summary>
    public void Remove(string podInterface, string tapName)
    {
        if (_route.FindLink(podInterface) is { } nic)
        {
            RemoveFilter(nic.Index, TrafficHook.Ingress, GuardPriority);
            RemoveFilter(nic.Index, TrafficHook.Ingress, CablePriority);
            RemoveFilter(nic.Index, TrafficHook.Egress, GuardPriority);
            RemoveHooksIfEmpty(nic.Index);
        }

        if (_route.FindLink(tapName) is { } tap)
            Tolerating(Errno.ENODEV, () => _route.DeleteLink(tap.Index));
    }

    private IEnumerable<TrafficFilter> Filters(PodNic nic, int tap, BoundInterface bound)
    {
        yield return Guard(tap, TrafficHook.Ingress, GuestFrames.ForTheNode(nic, bound) ?? PacketFilter.Nothing);
        yield return Guard(nic.Link.Index, TrafficHook.Ingress, GuestFrames.FromForeignServers(bound) ?? PacketFilter.Nothing);
        yield return Guard(nic.Link.Index, TrafficHook.Egress, GuestFrames.FromThePodItself());
        yield return TrafficFilter.Redirect(tap, nic.Link.Index, _everything, CablePriority);
        yield return TrafficFilter.Redirect(nic.Link.Index, tap, _everything, CablePriority);
    }

    private static TrafficFilter Guard(int link, TrafficHook hook, PacketFilter frames)
    {
        var classifier = new Classifier.Bpf(frames.ToClassifier(Drop, NextFilter));
        return new TrafficFilter { InterfaceIndex = link, Hook = hook, Priority = GuardPriority, Handle = classifier.FirstHandle, Classifier = classifier };
    }

    private Link EnsureTap(PodNic nic, BoundInterface bound)
    {
        var tap = _route.FindLink(bound.Tap);
        if (tap is null)
        {
            Tap.Open(_space, bound.Tap, new TapOptions { Queues = bound.Queues, Owner = QemuUser, Persistent = true, VirtioNetHeader = true }).Dispose();
            tap = _route.GetLink(bound.Tap);
        }

        if (!IsRight(tap, bound))
            throw new RefusedException(Refusal.NotNow, $"{bound.Tap} in {_space} is not the tap that is wanted: it is {tap.Details?.ToString() ?? tap.Kind}");
        MuteIpv6(bound.Tap);
        if (!tap.IsUp || tap.Mtu != nic.Link.Mtu || !tap.Flags.HasFlag(LinkFlags.NoArp))
            _route.SetLink(tap.Index, new LinkChanges { Arp = false, Mtu = nic.Link.Mtu, Up = true });
        return tap;
    }

    private static bool IsRight(Link tap, BoundInterface bound) =>
        tap.Details is LinkDetails.Tap { IsTap: true, Owner: QemuUser, Persistent: true } details && details.MultiQueue == bound.Queues > 1;

    /// <summary>The pod's stack has no business on the tap, and must not speak there when it comes up.</summary>
    private void MuteIpv6(string tap)
    {
        var key = $"net/ipv6/conf/{tap}/disable_ipv6";
        if (Sysctl.TryRead(_space, key) == "0")
            Sysctl.Write(_space, key, "1");
    }

    private void EnsureHooks(int link)
    {
        if (!_route.GetQueueingDisciplines(link).Any(qdisc => qdisc.Kind == "clsact"))
            Tolerating(Errno.EEXIST, () => _route.AddTrafficHooks(link));
    }

    private void EnsureFilter(TrafficFilter filter)
    {
        if (IsThere(filter))
            return;
        // Matchall, and a filter of another kind in the same place, cannot be replaced in place.
        if (Find(filter) is { } other && (other.Classifier.Kind != filter.Classifier.Kind || filter.Classifier is Classifier.MatchAll))
            _route.DeleteFilter(other);
        _route.ReplaceFilter(filter);
    }

    private bool IsThere(TrafficFilter filter) =>
        Find(filter) is { } present
        && present.Classifier == filter.Classifier
        && (present.Action?.Kind, present.Action?.TargetIndex) == (filter.Action?.Kind, filter.Action?.TargetIndex);

    private TrafficFilter? Find(TrafficFilter filter) =>
        _route.GetFilters(filter.InterfaceIndex, filter.Hook).FirstOrDefault(present => present.Priority == filter.Priority && present.Handle == filter.Handle);

    private void RemoveFilter(int link, TrafficHook hook, ushort priority)
    {
        if (!_route.GetQueueingDisciplines(link).Any(qdisc => qdisc.Kind == "clsact"))
            return;
        foreach (var filter in _route.GetFilters(link, hook).Where(filter => filter.Priority == priority))
            Tolerating(Errno.ENOENT, () => _route.DeleteFilter(filter));
    }

    private void RemoveHooksIfEmpty(int link)
    {
        if (!_route.GetQueueingDisciplines(link).Any(qdisc => qdisc.Kind == "clsact"))
            return;
        if (_route.GetFilters(link, TrafficHook.Ingress).Count == 0 && _route.GetFilters(link, TrafficHook.Egress).Count == 0)
            Tolerating(Errno.ENOENT, () => _route.DeleteTrafficHooks(link));
    }

    private static void Tolerating(Errno errno, Action act)
    {
        try
        {
            act();
        }
        catch (NetlinkException done) when (done.Errno == errno)
        {
            // Somebody was quicker, or a former attempt got this far.
        }
    }
}
