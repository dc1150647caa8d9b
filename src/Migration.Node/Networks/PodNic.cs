using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>A pod's NIC as the CNI left it: everything that the guest takes over.</summary>
internal sealed record PodNic
{
    private const byte MadeByKernel = 2; // RTPROT_KERNEL
    private static readonly string[] Unbindable = ["ipvlan", "ipvtap"];

    public required Link Link { get; init; }
    public required IReadOnlyList<Netlink.InterfaceAddress> Addresses { get; init; }
    public required IReadOnlyList<Route> Routes { get; init; }

    /// <summary>Neighbours that the CNI entered by hand, because nobody would answer for them.</summary>
    public required IReadOnlyDictionary<IPAddress, MacAddress> PinnedNeighbours { get; init; }

    public MacAddress Mac => MacAddress.From(Link.Mac);

    /// <exception cref="RefusedException">It is not there, or is of a kind that cannot be bound.</exception>
    public static PodNic Read(RouteClient route, string name, NetworkNamespace space)
    {
        var link = route.FindLink(name) ?? throw new RefusedException(Refusal.NotNow, $"{space} has no interface {name}");
        if (link.Kind is { } kind && Unbindable.Contains(kind))
            throw new RefusedException(Refusal.NotNow, $"{name} in {space} is an {kind} interface: it shares its MAC with its parent, so a guest cannot take it over");
        if (link.MasterIndex is { } master)
            throw Enslaved(name, space, route.FindLink(master));
        return new PodNic
        {
            Link = link,
            Addresses = route.GetAddresses(link.Index),
            Routes = [.. route.GetRoutes().Where(one => one.InterfaceIndex == link.Index && one.Type is RouteType.Unicast)],
            PinnedNeighbours = route.GetNeighbours(link.Index)
                .Where(one => one is { State: NeighbourState.Permanent, Mac: not null, Address.AddressFamily: AddressFamily.InterNetwork } && one.Mac.GetAddressBytes().Length == MacAddress.Length)
                .ToDictionary(one => one.Address, one => MacAddress.From(one.Mac!)),
        };
    }

    /// <summary>What the guest is to be given: the NIC's own addresses and routes.</summary>
    public GuestLease ToLease(string mac, string hostName)
    {
        var defaultRoute = Routes.FirstOrDefault(IsDefault);
        return new GuestLease
        {
            Mac = mac,
            Addresses = [.. Addresses.Where(IsForGuest).OrderBy(one => one.Address.AddressFamily).Select(one => $"{one.Address}/{one.PrefixLength}")],
            Gateway = defaultRoute?.Gateway?.ToString() ?? "",
            Routes = [.. Routes.Where(IsForGuest).Select(one => new GuestRoute(one.Destination.ToString(), one.Gateway?.ToString() ?? ""))],
            HostName = hostName,
            Mtu = Link.Mtu,
        };
    }

    private static RefusedException Enslaved(string name, NetworkNamespace space, Link? master) => master?.Kind == "vrf"
        ? new(Refusal.NotNow, $"{name} in {space} belongs to the VRF {master.Name}: its routes are not the guest's to take")
        : new(Refusal.NotNow, $"{name} in {space} is a port of {master?.Name ?? "another interface"} already");

    private static bool IsForGuest(Netlink.InterfaceAddress address) => address.Scope is RouteScope.Universe or RouteScope.Site;

    private static bool IsDefault(Route route) =>
        route.Destination.PrefixLength == 0 && route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork && route.Gateway is not null;

    private static bool IsForGuest(Route route) =>
        route.Protocol != MadeByKernel && !IsDefault(route) && !route.Destination.BaseAddress.IsIPv6LinkLocal && !route.Destination.BaseAddress.IsIPv6Multicast;
}
