using Migration.Linux;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>A pod NIC as its CNI left it: kept on disk where the wiring changes the NIC, so that Detach restores it after any crash.</summary>
internal sealed record NicIdentity
{
    private const byte MadeByKernel = 2, MadeByAdvertisement = 9; // RTPROT_KERNEL, RTPROT_RA
    private const uint AllTables = 0, LocalTable = 255;

    /// <summary>The kernel's number, which a new name does not change.</summary>
    public required int Index { get; init; }
    public required string Name { get; init; }
    public required string Mac { get; init; }
    public IReadOnlyList<NicAddress> Addresses { get; init; } = [];

    /// <summary>Those that do not come back by themselves with the addresses, in the order in which they can be added.</summary>
    public IReadOnlyList<NicRoute> Routes { get; init; } = [];

    /// <summary>Neighbours that the CNI entered by hand: address to MAC.</summary>
    public IReadOnlyDictionary<string, string> Neighbours { get; init; } = new Dictionary<string, string>();

    /// <summary>net.ipv6.conf.*.disable_ipv6; null where nobody has looked, or the kernel has no IPv6.</summary>
    public string? Ipv6Disabled { get; init; }

    public static NicIdentity Read(PodLinks links, Link link, string name) => new()
    {
        Index = link.Index,
        Name = name,
        Mac = Packets.MacAddress.From(link.Mac).ToString(),
        Addresses = [.. links.Route.GetAddresses(link.Index).Where(address => !IsMadeByKernel(link, address)).Select(NicAddress.From)],
        Routes = [.. links.Route.GetRoutes(AllTables).Where(route => IsThrough(link, route)).OrderBy(route => route.Gateway is not null || route.NextHops.Count > 0).Select(NicRoute.From)],
        Neighbours = links.Route.GetNeighbours(link.Index)
            .Where(one => one is { State: NeighbourState.Permanent, Mac: not null } && one.Mac.GetAddressBytes().Length == Packets.MacAddress.Length)
            .ToDictionary(one => one.Address.ToString(), one => Packets.MacAddress.From(one.Mac!).ToString()),
    };

    /// <summary>With the kernel parameters that a takeover sets, as they are before it.</summary>
    public NicIdentity WithParameters(PodLinks links) =>
        Ipv6Disabled is not null ? this : this with { Ipv6Disabled = Sysctl.TryRead(links.Space, $"net/ipv6/conf/{Name}/disable_ipv6") };

    // The link-local address that comes with the MAC, and what routers hand out, come back by themselves.
    private static bool IsMadeByKernel(Link link, InterfaceAddress address) =>
        !address.Flags.HasFlag(AddressFlags.Permanent) || (address.Address.IsIPv6LinkLocal && link.AddressGeneration is not AddressGeneration.None);

    private static bool IsThrough(Link link, Route route) =>
        route is { Type: RouteType.Unicast, Table: not LocalTable, Protocol: not (MadeByKernel or MadeByAdvertisement) }
        && (route.InterfaceIndex == link.Index || route.NextHops.Any(hop => hop.InterfaceIndex == link.Index));
}
