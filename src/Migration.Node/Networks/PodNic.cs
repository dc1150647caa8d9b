using System.Net;
using System.Net.Sockets;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>A pod's NIC, and everything about it that the guest takes over.</summary>
internal sealed record PodNic
{

    /// <summary>The link as it is now, by whatever name.</summary>
    public required Link Link { get; init; }

    /// <summary>The NIC as the CNI left it.</summary>
    public required NicIdentity Identity { get; init; }

    public MacAddress Mac => MacAddress.Parse(Identity.Mac);

    /// <summary>Neighbours that the CNI entered by hand, because nobody would answer for them.</summary>
    public IReadOnlyDictionary<IPAddress, MacAddress> PinnedNeighbours =>
        Identity.Neighbours.ToDictionary(one => IPAddress.Parse(one.Key), one => MacAddress.Parse(one.Value));

    /// <summary>Frames for other MACs than its own do not reach this NIC.</summary>
    public bool KeepsItsMac => Link is { Kind: "macvlan", Details: not LinkDetails.Macvlan { Mode: MacvlanMode.Passthru } };

    /// <summary>Families that the NIC has addresses of, as far as these are not for the link only; also of those that a router gave it.</summary>
    public IReadOnlySet<AddressFamily> Families { get; init; } = new HashSet<AddressFamily>();

    /// <summary>The networks that its addresses are in.</summary>
    public IReadOnlyList<IPNetwork> OnLink => [.. Identity.Addresses.Where(IsForGuest).Select(one => IPNetwork.Parse(NetworkOf(one.Peer ?? one.Address, one.PrefixLength)))];

    /// <param name="links">The pod.</param>
    /// <param name="names">What the NIC and its companions are called.</param>
    /// <param name="original">What is known of a NIC that a binding may have changed since.</param>
    /// <exception cref="RefusedException">It is not there, or is of a kind that cannot be bound.</exception>
    public static PodNic Read(PodLinks links, PodNicNames names, NicIdentity? original)
    {
        if (original is not null && links.Route.FindLink(original.Index) is { } known && (known.Name == names.Renamed || known.Name == original.Name))
            return new PodNic { Link = known, Identity = original };
        if (links.Route.FindLink(names.Renamed) is { } renamed)
            return new PodNic { Link = renamed, Identity = Takeover.Recall(links, names, renamed) };
        var link = links.Route.FindLink(names.Nic) ?? throw new RefusedException(Refusal.NotNow, $"{links.Space} has no interface {names.Nic}");
        if (WhyNot(link, link.MasterIndex is { } master ? links.Route.FindLink(master) : null) is { } reason)
            throw new RefusedException(Refusal.NotNow, $"{link.Name} in {links.Space} {reason}");
        return new PodNic
        {
            Link = link,
            Identity = NicIdentity.Read(links, link, names.Nic),
            Families = links.Route.GetAddresses(link.Index).Where(one => IsForGuest(one.Scope)).Select(one => one.Address.AddressFamily).ToHashSet(),
        };
    }

    /// <summary>Why a link cannot become a guest's; null if it can.</summary>
    public static string? WhyNot(Link link, Link? master) => link switch
    {
        { Kind: "ipvlan" or "ipvtap" } => $"is an {link.Kind} interface: it shares its MAC with its parent, so a guest cannot take it over",
        { Kind: "macvtap" } => "is a macvtap interface: what comes in goes to its character device, not to this namespace",
        { Flags: var flags } when flags.HasFlag(LinkFlags.Loopback) || link.Mac.GetAddressBytes().Length != MacAddress.Length => "is no Ethernet interface",
        { MasterIndex: null } => null,
        _ when master is { Kind: "vrf" } => $"belongs to the VRF {master.Name}: its routes are not the guest's to take",
        _ => $"is a port of {master?.Name ?? "another interface"} already",
    };

    /// <summary>What the guest is to be given: the NIC's own addresses and routes.</summary>
    public GuestLease ToLease(string mac, string hostName)
    {
        var ways = Identity.Routes.Where(route => route.Table == Route.MainTable).SelectMany(Ways)
            .OrderBy(way => way.Metric).DistinctBy(way => way.Route.Destination).Select(way => way.Route).ToList();
        var gateway = ways.FirstOrDefault(IsIpv4Default);
        return new GuestLease
        {
            Mac = mac,
            Addresses = [.. Identity.Addresses.Where(IsForGuest).OrderBy(IsIpv6).Select(one => $"{one.Address}/{one.PrefixLength}")],
            Gateway = gateway?.Gateway ?? "",
            Routes = [.. Peers(), .. ways.Where(route => route != gateway && !IPNetwork.Parse(route.Destination).BaseAddress.IsIPv6LinkLocal)],
            HostName = hostName,
            Mtu = Link.Mtu,
        };
    }

    /// <summary>Of several ways to one destination the guest is told the one that the pod would have preferred.</summary>
    private IEnumerable<(uint Metric, GuestRoute Route)> Ways(NicRoute route) =>
        route.NextHops.Count > 0
            ? route.NextHops.Where(hop => hop.Link == Identity.Index).OrderByDescending(hop => hop.Weight).Select(hop => (route.Metric ?? 0, new GuestRoute(route.Destination, hop.Gateway ?? "")))
            : [(route.Metric ?? 0, new GuestRoute(route.Destination, route.Gateway ?? ""))];

    /// <summary>The other end of a point-to-point address is on the link although no prefix says so.</summary>
    private IEnumerable<GuestRoute> Peers() =>
        Identity.Addresses.Where(one => IsForGuest(one) && one.Peer is not null).Select(one => new GuestRoute(NetworkOf(one.Peer!, one.PrefixLength), ""));

    private static string NetworkOf(string address, byte length)
    {
        var bytes = IPAddress.Parse(address).GetAddressBytes();
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return $"{new IPAddress(bytes)}/{length}";
    }

    private static bool IsForGuest(NicAddress address) => IsForGuest(address.Scope);

    private static bool IsForGuest(RouteScope scope) => scope is RouteScope.Universe or RouteScope.Site;

    private static bool IsIpv6(NicAddress address) => address.Address.Contains(':');

    private static bool IsIpv4Default(GuestRoute route) =>
        route.Gateway.Length > 0 && IPNetwork.Parse(route.Destination) is { PrefixLength: 0, BaseAddress.AddressFamily: AddressFamily.InterNetwork };
}
