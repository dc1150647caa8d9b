using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The cable wiring (DESIGN §5): what comes in on the pod NIC goes out of the tap and the other way round, before the pod's own stack
/// sees it, with the guards beside it. Nothing about the pod NIC itself is changed. Pointing the cable elsewhere replaces one filter.
/// </summary>
internal sealed class Cable(PodLinks links, Classifier everything) : IBinding
{
    private const ushort Priority = 2;

    // Frames that a tap holds for a guest that stands still; the kernel's 1,000 are full after a second of what is nothing special.
    private const int Waiting = 4096;

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

    /// <summary>At home: points everything that is for the guest at the next way, and nothing else; a guest stands still meanwhile.</summary>
    /// <param name="take">Sends ahead what waits here: right before, and right after, so that little can overtake it.</param>
    public void Divert(PodNicNames names, BoundInterface bound, Action take)
    {
        var next = links.Route.GetLink(bound.Next!.Link).Index;
        var former = bound.Stretch is { } stretch ? links.Route.GetLink(stretch.Link).Index : (int?)null;
        var nic = links.Route.GetLink(names.Nic).Index;
        take();
        if (former is { } link)
            links.Route.ReplaceFilter(Toward(link, next));
        links.Route.ReplaceFilter(Toward(nic, next));
        take();
    }

    /// <summary>The guest is about to run here: it hears its network from now on, and what still comes from where it was if it is for it alone.</summary>
    public void Arrive(PodNicNames names, BoundInterface bound)
    {
        var tap = links.Route.GetLink(bound.Tap).Index;
        links.Route.ReplaceFilter(Toward(links.Route.GetLink(names.Nic).Index, tap));
        links.Route.ReplaceFilter(TrafficFilter.Redirect(links.Route.GetLink(bound.Stretch!.Link).Index, tap, GuestFrames.Following(bound, arrived: true), Priority));
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
        foreach (var step in bound.Stretch is { Part: StretchPart.Guest } away ? away.Passing ? Arriving(nic, tap, bound, away) : AwayFromHome(nic, tap, away) : AtHome(nic, tap, bound))
            yield return step;
        yield return links.Link(bound.Tap, new LinkChanges { Arp = false, Mtu = nic.Link.Mtu, TransmitQueueLength = Waiting, Up = true });
    }

    private IEnumerable<Step> AtHome(PodNic nic, int tap, BoundInterface bound)
    {
        var guest = tap;
        foreach (var way in new[] { bound.Stretch, bound.Next }.OfType<Stretch>())
        {
            foreach (var step in way.Steps(links, nic.Link.Mtu))
                yield return step;
            var link = links.Route.GetLink(way.Link).Index;
            guest = way == bound.Stretch || bound.Diverted ? link : guest;
            if (!way.Passing && (way == bound.Next || !bound.Diverted))
                yield return links.Filter(Toward(link, nic.Link.Index));
        }

        // The guest stands still where it was: what comes from there are frames for it that it has not read.
        if (bound is { Diverted: true, Stretch: { } former })
            yield return links.Filter(Toward(links.Route.GetLink(former.Link).Index, guest));
        yield return links.Filter(Toward(nic.Link.Index, guest));
        yield return links.Filter(Toward(tap, nic.Link.Index));
    }

    private IEnumerable<Step> AwayFromHome(PodNic nic, int tap, Stretch way)
    {
        foreach (var step in way.Steps(links, nic.Link.Mtu))
            yield return step;
        var link = links.Route.GetLink(way.Link).Index;
        yield return links.NoFilter(nic.Link.Index, TrafficHook.Ingress, Priority);
        yield return links.Filter(Toward(link, tap));
        yield return links.Filter(Toward(tap, link));
    }

    /// <summary>The guest's network is here, too, and so is its door; but what came before the guest did, it has got where it was.</summary>
    private IEnumerable<Step> Arriving(PodNic nic, int tap, BoundInterface bound, Stretch way)
    {
        foreach (var step in way.Steps(links, nic.Link.Mtu))
            yield return step;
        yield return links.Filter(TrafficFilter.Redirect(links.Route.GetLink(way.Link).Index, tap, GuestFrames.Following(bound, way.Arrived), Priority));
        yield return way.Arrived ? links.Filter(Toward(nic.Link.Index, tap)) : links.NoFilter(nic.Link.Index, TrafficHook.Ingress, Priority);
        yield return links.Filter(Toward(tap, nic.Link.Index));
    }

    private TrafficFilter Toward(int from, int to) => TrafficFilter.Redirect(from, to, everything, Priority);
}
