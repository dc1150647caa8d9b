using System.Net;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>
/// The guest behind the pod's addresses: a bridge with addresses of its own, the tap as its port, and NAT in between
/// (<see cref="MasqueradeTable"/>). The pod NIC stays as it is; the pod's kernel answers the guest's ARP and neighbour
/// solicitations, and routes, also while the node service is down.
/// </summary>
internal sealed class Masquerade(PodLinks links) : IBinding
{
    private const byte LinkLocalLength = 64;
    private const string FilteredBridges = "net/bridge/bridge-nf-call-ip6tables";
    private const uint LocalTable = 255; // RT_TABLE_LOCAL
    private const uint BehindTheKernels = 1024;

    public void Ensure(PodNic nic, BoundInterface bound) => Step.Ensure(Steps(nic, bound));

    public string? Differs(PodNic nic, BoundInterface bound) => Step.Missing(Steps(nic, bound));

    public void Remove(PodNicNames names, NicIdentity? original)
    {
        if (TryOpenFilters() is { } filters)
        {
            using (filters)
                RemoveTables(names, filters);
        }

        links.Discard(names.Bridge);
        links.Discard(names.Tap);
    }

    /// <summary>What the guest is given; one that arrived by migration keeps what it has.</summary>
    /// <exception cref="RefusedException">This NIC cannot be masqueraded like that.</exception>
    public static GuestLease LeaseOf(InterfacePlan plan, PodNic nic, string mac, string hostName)
    {
        var networks = MasqueradeNetwork.Plan(plan, nic);
        return plan.Lease ?? new GuestLease
        {
            Mac = mac,
            Addresses = [.. networks.Select(network => $"{network.Guest}/{network.Network.PrefixLength}")],
            Gateway = networks.FirstOrDefault(network => network.IsIpv4)?.Gateway.ToString() ?? "",
            // IPv6's default route comes by router advertisement; that there is one is told here.
            Routes = [.. networks.Where(network => !network.IsIpv4).Select(network => new GuestRoute("::/0", network.Gateway.ToString()))],
            HostName = hostName,
            Mtu = nic.Link.Mtu,
        };
    }

    private IEnumerable<Step> Steps(PodNic nic, BoundInterface bound)
    {
        var names = PodNicNames.Of(bound.PodInterface);
        var networks = MasqueradeNetwork.Of(bound.Lease);
        using var filters = OpenFilters();
        foreach (var step in links.Tap(bound).Concat(Bridge(names, networks, bound)).Concat(Join(nic, names)).Concat(Loopback(names, networks)))
            yield return step;
        yield return Tables(names, networks, bound.Ports, filters);
        foreach (var (key, value) in Parameters(names, networks))
            yield return links.Parameter(key, value);
    }

    private IEnumerable<Step> Bridge(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks, BoundInterface bound)
    {
        var mac = GuestIdentity.BridgeMac;
        var parameters = $"net/ipv6/conf/{names.Bridge}";
        yield return links.Exists(new NewLink.Bridge { Name = names.Bridge, Mac = mac.ToPhysicalAddress(), SpanningTree = false, ForwardDelay = 0, MulticastSnooping = false });
        yield return links.Parameter($"{parameters}/disable_ipv6", networks.All(network => network.IsIpv4) ? "1" : "0");
        // Its link-local address, the guest's router, is entered here: nobody else is on this link, so it need not ask, and is there at once.
        yield return links.Link(names.Bridge, new LinkChanges { AddressGeneration = AddressGeneration.None, Mac = mac.ToPhysicalAddress() });
        // The guest is not the pod's router.
        yield return links.Parameter($"{parameters}/accept_ra", "0");
        foreach (var network in networks)
            yield return links.Address(names.Bridge, AddressOf(network.Gateway, (byte)network.Network.PrefixLength, RouteScope.Universe));
        if (networks.All(network => network.IsIpv4))
            yield break;
        yield return links.Address(names.Bridge, AddressOf(GuestIdentity.Of(bound).Server.LinkLocal.ToIPAddress(), LinkLocalLength, RouteScope.Link));
    }

    private IEnumerable<Step> Join(PodNic nic, PodNicNames names)
    {
        yield return links.Link(names.Tap, new LinkChanges { MasterIndex = links.Route.GetLink(names.Bridge).Index, Mtu = nic.Link.Mtu, Up = true });
        yield return links.Link(names.Bridge, new LinkChanges { Mtu = nic.Link.Mtu, Up = true });
    }

    /// <summary>
    /// The guest's answers to what came from the pod's loopback are for the loopback's address again once the translation is undone. IPv4 takes
    /// them when told so. IPv6 looks for the loopback's address on the very interface that a packet came in by (kernel include/net/ip6_route.h,
    /// rt6_need_strict); so there is a route to it there.
    /// </summary>
    private IEnumerable<Step> Loopback(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks)
    {
        if (networks.Any(network => network.IsIpv4))
            yield return links.Parameter($"net/ipv4/conf/{names.Bridge}/route_localnet", "1");
        if (networks.Any(network => !network.IsIpv4))
            yield return links.RouteStep(new Route
            {
                Destination = new IPNetwork(IPAddress.IPv6Loopback, 128),
                InterfaceIndex = links.Route.GetLink(names.Bridge).Index,
                Type = RouteType.Local,
                Table = LocalTable,
                Metric = BehindTheKernels,
            });
    }

    /// <summary>All families at once, and nothing that is left of one that the guest no longer has.</summary>
    private Step Tables(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks, IReadOnlyList<GuestPort> ports, FilterClient filters)
    {
        var wanted = networks.Select(network => MasqueradeTable.For(names, network, ports)).ToList();
        IEnumerable<FilterTable> Stale() => TablesOf(names, filters).Where(table => wanted.All(one => one.Name != table.Name));
        return new Step(
            $"nf_tables {string.Join(" and ", wanted.Select(table => table.Name))}",
            () => !Stale().Any() && wanted.All(table => table.IsIn(filters)),
            () => Replace(names, networks, wanted, [.. Stale()], filters));
    }

    private void Replace(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks, IReadOnlyList<MasqueradeTable> wanted, IReadOnlyList<FilterTable> stale, FilterClient filters)
    {
        var before = Before(names, networks, filters).ToComment();
        var transaction = new FilterTransaction();
        foreach (var table in stale)
            transaction.DeleteTable(table.Name);
        foreach (var table in wanted)
            table.Replace(transaction, before);
        filters.Commit(transaction);
    }

    /// <summary>
    /// What must be restored one day: what a former table says; for what several NICs of the pod share, what the first of them found; else
    /// what is there now.
    /// </summary>
    private ParametersBefore Before(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks, FilterClient filters)
    {
        var wanted = Parameters(names, networks).ToDictionary();
        var values = ParametersBefore.Read(links.Space, wanted).Values.ToDictionary();
        var known = filters.GetTables().Where(table => MasqueradeTable.IsOne(table.Name)).ToLookup(table => table.Name.Name == Own(names));
        foreach (var (key, value) in known[false].SelectMany(table => ParametersBefore.Of(table).Values).Where(one => IsShared(one.Key) && wanted.ContainsKey(one.Key)))
            values[key] = value;
        foreach (var (key, value) in known[true].SelectMany(table => ParametersBefore.Of(table).Values))
            values[key] = value;
        return new(values);
    }

    private void RemoveTables(PodNicNames names, FilterClient filters)
    {
        var own = TablesOf(names, filters);
        var others = filters.GetTables().Select(table => table.Name).Where(table => MasqueradeTable.IsOne(table) && table.Name != Own(names)).ToList();
        foreach (var table in own)
            ParametersBefore.Of(table).Restore(links.Space, key => !IsShared(key) || others.All(other => other.Family != FamilyOf(key)));
        var transaction = new FilterTransaction();
        foreach (var table in own)
            transaction.DeleteTable(table.Name);
        PodLinks.Tolerating(Errno.ENOENT, () => filters.Commit(transaction));
    }

    /// <summary>
    /// What forwarding needs. A NIC that has its default route from a router's advertisement would lose it by becoming a forwarding one, unless
    /// it is told to listen all the same (accept_ra 2, kernel Documentation/networking/ip-sysctl.rst); so that comes first.
    /// </summary>
    private IEnumerable<KeyValuePair<string, string>> Parameters(PodNicNames names, IReadOnlyList<MasqueradeNetwork> networks)
    {
        if (networks.Any(network => network.IsIpv4))
            yield return new("net/ipv4/ip_forward", "1");
        if (networks.All(network => network.IsIpv4))
            yield break;
        var listens = $"net/ipv6/conf/{names.Nic}/accept_ra";
        if (Sysctl.TryRead(links.Space, listens) is "1" or "2")
            yield return new(listens, "2");
        yield return new("net/ipv6/conf/all/forwarding", "1");
        // Or the bridge undoes the translation before IPv6 looks at the packet, which then is one for the loopback from outside: dropped.
        if (Sysctl.TryRead(links.Space, FilteredBridges) is not null)
            yield return new(FilteredBridges, "0");
    }

    /// <summary>Whether it is the whole pod's, and so perhaps of use to another NIC as well.</summary>
    private static bool IsShared(string parameter) => parameter is "net/ipv4/ip_forward" or "net/ipv6/conf/all/forwarding" or FilteredBridges;

    private static FilterFamily FamilyOf(string parameter) => parameter == "net/ipv4/ip_forward" ? FilterFamily.Ipv4 : FilterFamily.Ipv6;

    private static IReadOnlyList<FilterTable> TablesOf(PodNicNames names, FilterClient filters) => [.. filters.GetTables().Where(table => table.Name.Name == Own(names))];

    private static string Own(PodNicNames names) => MasqueradeTable.NameFor(names, FilterFamily.Ipv4).Name;

    private static NicAddress AddressOf(IPAddress address, byte prefixLength, RouteScope scope) =>
        new() { Address = address.ToString(), PrefixLength = prefixLength, Scope = scope, Flags = address.GetAddressBytes().Length == 4 ? AddressFlags.None : AddressFlags.NoDuplicateDetection };

    private FilterClient OpenFilters() => TryOpenFilters()
        ?? throw new RefusedException(Refusal.NotNow, "this kernel lacks nf_tables, which the masquerade binding is made of");

    private FilterClient? TryOpenFilters()
    {
        try
        {
            return FilterClient.Open(links.Space);
        }
        catch (LinuxException absent) when (absent.Errno is Errno.EPROTONOSUPPORT)
        {
            return null;
        }
    }
}
