using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>
/// One pod's network namespace, and the steps that bindings are made of: each compares what is there with what is wanted.
/// </summary>
internal sealed class PodLinks : IDisposable
{
    /// <summary>QEMU's user in the launcher pod.</summary>
    public const uint QemuUser = 107;

    private readonly HashSet<int> _discarded = [];

    private PodLinks(NetworkNamespace space, RouteClient route) => (Space, Route) = (space, route);

    public NetworkNamespace Space { get; }

    public RouteClient Route { get; }

    /// <exception cref="LinuxException">There is no such namespace.</exception>
    public static PodLinks Open(string namespacePath)
    {
        var space = NetworkNamespace.Open(namespacePath);
        try
        {
            return new PodLinks(space, RouteClient.Open(space));
        }
        catch
        {
            space.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Route.Dispose();
        Space.Dispose();
    }

    /// <summary>The tap that QEMU opens later. The pod's stack has no business on it: it must not speak there when it comes up.</summary>
    public IEnumerable<Step> Tap(BoundInterface bound)
    {
        yield return new Step($"a tap {bound.Tap} for QEMU", () => Route.FindLink(bound.Tap) is { } tap && RequireOurs(tap, bound), () => CreateTap(bound));
        yield return Parameter($"net/ipv6/conf/{bound.Tap}/disable_ipv6", "1");
    }

    public Step Exists(NewLink link) => new(
        $"a link {link.Name}", () => Route.FindLink(link.Name) is not null, () => Tolerating(Errno.EEXIST, () => Route.CreateLink(link)));

    /// <summary>A link with these properties; what is null in the changes may be as it likes.</summary>
    public Step Link(string name, LinkChanges wanted) => new(
        $"{name} {wanted}", () => Route.FindLink(name) is { } link && Has(link, wanted), () => Route.SetLink(Route.GetLink(name).Index, wanted));

    public Step Port(string name, BridgePort wanted) => new(
        $"{name} {wanted}", () => Route.FindLink(name)?.Port is { } port && Has(port, wanted), () => Route.SetBridgePort(Route.GetLink(name).Index, wanted));

    public Step Address(string name, NicAddress wanted) => new(
        $"{name} with address {wanted.Address}/{wanted.PrefixLength}",
        () => Route.FindLink(name) is { } link && Route.GetAddresses(link.Index).Any(one => IsSame(one, wanted.On(link.Index))),
        () => Tolerating(Errno.EEXIST, () => Route.AddAddress(wanted.On(Route.GetLink(name).Index))));

    public Step Neighbour(string name, string address, string mac) => new(
        $"{name} with neighbour {address}",
        () => Route.FindLink(name) is { } link && Route.GetNeighbours(link.Index).Any(one => one.State is NeighbourState.Permanent && one.Address.ToString() == address),
        () => Route.ReplaceNeighbour(new Neighbour { InterfaceIndex = Route.GetLink(name).Index, Address = IPAddress.Parse(address), Mac = MacAddress.Parse(mac).ToPhysicalAddress() }));

    public Step RouteStep(Route wanted) => new(
        $"route {wanted}", () => Route.GetRoutes(wanted.Table).Any(one => IsSame(one, wanted)), () => Tolerating(Errno.EEXIST, () => Route.AddRoute(wanted)));

    /// <summary>Exactly these addresses, in this order: the first one is what the kernel speaks from. IPv6's link-local ones come and go by themselves.</summary>
    public Step Addresses(string name, IReadOnlyList<NicAddress> wanted)
    {
        List<Netlink.InterfaceAddress> Wanted(int link) => [.. wanted.Select(address => address.On(link))];
        List<Netlink.InterfaceAddress> Present(int link) => [.. Route.GetAddresses(link).Where(one => !one.Address.IsIPv6LinkLocal || Wanted(link).Any(address => IsSame(one, address)))];
        return new Step(
            $"{name} with addresses {string.Join(' ', wanted.Select(one => one.Address))}".TrimEnd(),
            () => Route.FindLink(name) is { } link && AreSame(Present(link.Index), Wanted(link.Index)),
            () =>
            {
                var link = Route.GetLink(name).Index;
                // The kernel takes an address's secondaries along with it.
                foreach (var address in Present(link))
                    Tolerating(Errno.EADDRNOTAVAIL, () => Route.DeleteAddress(address));
                foreach (var address in InOrderOfAdding(Wanted(link)))
                    Tolerating(Errno.EEXIST, () => Route.AddAddress(address));
            });
    }

    /// <summary>A kernel parameter; none where this kernel or this link has no such parameter.</summary>
    public Step Parameter(string key, string wanted) => new(
        $"{key} = {wanted}", () => Sysctl.TryRead(Space, key) is not { } present || present == wanted, () => Sysctl.Write(Space, key, wanted));

    /// <summary>The two hooks that filters sit on.</summary>
    public Step Hooks(int link) => new(
        $"clsact on link {link}", () => HasHooks(link), () => Tolerating(Errno.EEXIST, () => Route.AddTrafficHooks(link)));

    public Step Filter(TrafficFilter wanted) => new($"filter {wanted}", () => IsThere(wanted), () => Place(wanted));

    public Step NoFilter(int link, TrafficHook hook, ushort priority) => new(
        $"no filter prio {priority} on {hook} of link {link}",
        () => !HasHooks(link) || Route.GetFilters(link, hook).All(filter => filter.Priority != priority),
        () => RemoveFilters(link, hook, [priority]));

    /// <summary>
    /// Puts a link aside that nothing else waits for, to be removed by <see cref="RemoveDiscarded"/>: the kernel removes a link only when
    /// every processor has let go of it, some tens of milliseconds later.
    /// </summary>
    public void Discard(string name)
    {
        if (Route.FindLink(name) is { } link)
            _discarded.Add(link.Index);
    }

    public void RemoveDiscarded()
    {
        foreach (var link in _discarded)
            Tolerating(Errno.ENODEV, () => Route.DeleteLink(link));
        _discarded.Clear();
    }

    public void RemoveLink(string name)
    {
        if (Route.FindLink(name) is { } link)
            Tolerating(Errno.ENODEV, () => Route.DeleteLink(link.Index));
    }

    /// <summary>Takes the filters of these priorities away, and the hooks with the last filter.</summary>
    public void RemoveFilters(int link, params ReadOnlySpan<ushort> priorities)
    {
        if (!HasHooks(link))
            return;
        RemoveFilters(link, TrafficHook.Ingress, priorities);
        RemoveFilters(link, TrafficHook.Egress, priorities);
        if (Route.GetFilters(link, TrafficHook.Ingress).Count == 0 && Route.GetFilters(link, TrafficHook.Egress).Count == 0)
            Tolerating(Errno.ENOENT, () => Route.DeleteTrafficHooks(link));
    }

    /// <summary>Does it, unless somebody was quicker or a former attempt got this far.</summary>
    public static void Tolerating(Errno errno, Action act)
    {
        try
        {
            act();
        }
        catch (NetlinkException done) when (done.Errno == errno)
        {
        }
    }

    private void RemoveFilters(int link, TrafficHook hook, ReadOnlySpan<ushort> priorities)
    {
        foreach (var filter in Route.GetFilters(link, hook))
        {
            if (priorities.Contains(filter.Priority))
                Tolerating(Errno.ENOENT, () => Route.DeleteFilter(filter));
        }
    }

    /// <summary>Whether a tap has one queue or may have several is decided when it is made.</summary>
    /// <exception cref="RefusedException">QEMU has the present one.</exception>
    public bool NeedsAnotherTap(BoundInterface present, BoundInterface wanted)
    {
        if (present.Queues > 1 == wanted.Queues > 1 || Route.FindLink(present.Tap) is not { } tap)
            return false;
        // Without anybody who has it open a tap has no carrier.
        return tap.Flags.HasFlag(LinkFlags.LowerUp)
            ? throw new RefusedException(Refusal.NotNow, $"interface {wanted.Name}: {tap.Name} is in use with {Count(present.Queues)}; a guest that runs keeps them, and has {Count(wanted.Queues)} after its next start")
            : true;

        static string Count(int queues) => queues == 1 ? "1 queue" : $"{queues} queues";
    }

    private void CreateTap(BoundInterface bound) =>
        Linux.Tap.Open(Space, bound.Tap, new TapOptions { Queues = bound.Queues, Owner = QemuUser, Persistent = true, VirtioNetHeader = true }).Dispose();

    private bool RequireOurs(Link tap, BoundInterface bound) =>
        tap.Details is LinkDetails.Tap { IsTap: true, Owner: QemuUser, Persistent: true } details && details.MultiQueue == bound.Queues > 1
            ? true
            : throw new RefusedException(Refusal.NotNow, $"{bound.Tap} in {Space} is not the tap that is wanted: it is {tap.Details?.ToString() ?? tap.Kind}");

    private static bool Has(Link link, LinkChanges wanted) =>
        (wanted.Up is null || link.IsUp == wanted.Up)
        && (wanted.Arp is null || link.Flags.HasFlag(LinkFlags.NoArp) != wanted.Arp)
        && (wanted.AllMulticast is null || link.Flags.HasFlag(LinkFlags.AllMulticast) == wanted.AllMulticast)
        && (wanted.Name is null || link.Name == wanted.Name)
        && (wanted.Mac is null || link.Mac.Equals(wanted.Mac))
        && (wanted.Mtu is null || link.Mtu == wanted.Mtu)
        && (wanted.MasterIndex is null || (link.MasterIndex ?? 0) == wanted.MasterIndex)
        && (wanted.TransmitQueueLength is null || link.TransmitQueueLength == wanted.TransmitQueueLength)
        && (wanted.AddressGeneration is null || link.AddressGeneration is null || link.AddressGeneration == wanted.AddressGeneration);

    private static bool Has(BridgePort port, BridgePort wanted) =>
        (wanted.Learning is null || port.Learning == wanted.Learning)
        && (wanted.UnicastFlood is null || port.UnicastFlood == wanted.UnicastFlood)
        && (wanted.Hairpin is null || port.Hairpin == wanted.Hairpin);

    private static bool IsSame(Netlink.InterfaceAddress one, Netlink.InterfaceAddress wanted) =>
        one.Address.Equals(wanted.Address) && one.PrefixLength == wanted.PrefixLength && Equals(one.Peer, wanted.Peer) && (wanted.Label is null || one.Label == wanted.Label);

    private static bool IsSame(Route one, Route other) =>
        one.Destination.Equals(other.Destination) && Equals(one.Gateway, other.Gateway) && one.InterfaceIndex == other.InterfaceIndex
        && (one.Metric ?? 0) == (other.Metric ?? 0) && one.NextHops.SequenceEqual(other.NextHops);

    private static bool AreSame(List<Netlink.InterfaceAddress> present, List<Netlink.InterfaceAddress> wanted) =>
        present.Count == wanted.Count && present.Zip(wanted).All(pair => IsSame(pair.First, pair.Second));

    // Of IPv6 addresses the kernel lists the newest first.
    private static IEnumerable<Netlink.InterfaceAddress> InOrderOfAdding(List<Netlink.InterfaceAddress> addresses) =>
        addresses.Where(one => one.Address.AddressFamily is AddressFamily.InterNetwork).Concat(addresses.Where(one => one.Address.AddressFamily is AddressFamily.InterNetworkV6).Reverse());

    private bool HasHooks(int link) => Route.GetQueueingDisciplines(link).Any(qdisc => qdisc.Kind == "clsact");

    private void Place(TrafficFilter filter)
    {
        // Matchall, and a filter of another kind in the same place, cannot be replaced in place.
        if (Find(filter) is { } other && (other.Classifier.Kind != filter.Classifier.Kind || filter.Classifier is Classifier.MatchAll))
            Route.DeleteFilter(other);
        Route.ReplaceFilter(filter);
    }

    private bool IsThere(TrafficFilter filter) =>
        Find(filter) is { } present
        && present.Classifier == filter.Classifier
        && (present.Action?.Kind, present.Action?.TargetIndex) == (filter.Action?.Kind, filter.Action?.TargetIndex);

    private TrafficFilter? Find(TrafficFilter filter) =>
        Route.GetFilters(filter.InterfaceIndex, filter.Hook).FirstOrDefault(present => present.Priority == filter.Priority && present.Handle == filter.Handle);
}
