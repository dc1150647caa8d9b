using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The cable wiring (DESIGN §5): what comes in on the pod NIC goes out of the tap and the other way round, before the pod's own stack
/// sees it, with the guards beside it. Nothing about the pod NIC itself is changed. Pointing the cable elsewhere replaces one filter.
/// </summary>
internal sealed class Cable(PodLinks links, Classifier everything) : IBinding
{
    private const ushort Priority = 2;

    public void Ensure(PodNic nic, BoundInterface bound) => Step.Ensure(Steps(nic, bound));

    public string? Differs(PodNic nic, BoundInterface bound) => Step.Missing(Steps(nic, bound));

    public void Remove(PodNicNames names, NicIdentity? original)
    {
        if (links.Route.FindLink(names.Nic) is { } nic)
        {
            links.RemoveFilters(nic.Index, Guards.Priority, Priority);
            if (nic.Kind == "macvlan" && nic.Flags.HasFlag(LinkFlags.AllMulticast))
                links.Route.SetLink(nic.Index, new LinkChanges { AllMulticast = false });
        }

        links.Discard(names.Tap);
    }

    private IEnumerable<Step> Steps(PodNic nic, BoundInterface bound)
    {
        foreach (var step in links.Tap(bound))
            yield return step;
        var tap = links.Route.GetLink(bound.Tap).Index;
        foreach (var step in Guards.Steps(links, nic, tap, bound))
            yield return step;
        // A macvlan hands up only the groups that somebody here has joined; the guest joins others.
        if (nic.Link.Kind == "macvlan")
            yield return links.Link(nic.Link.Name, new LinkChanges { AllMulticast = true });
        yield return links.Filter(TrafficFilter.Redirect(nic.Link.Index, tap, everything, Priority));
        yield return links.Filter(TrafficFilter.Redirect(tap, nic.Link.Index, everything, Priority));
        yield return links.Link(bound.Tap, new LinkChanges { Arp = false, Mtu = nic.Link.Mtu, Up = true });
    }
}
