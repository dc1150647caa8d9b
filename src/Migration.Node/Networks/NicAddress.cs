using System.Net;
using Migration.Netlink;

namespace Migration.Node.Networks;

/// <summary>An address of a pod NIC as it is written down.</summary>
internal sealed record NicAddress
{
    public required string Address { get; init; }
    public required byte PrefixLength { get; init; }
    public string? Peer { get; init; }
    public string? Broadcast { get; init; }
    public string? Label { get; init; }
    public RouteScope Scope { get; init; }
    public AddressFlags Flags { get; init; }

    public static NicAddress From(InterfaceAddress address) => new()
    {
        Address = address.Address.ToString(),
        PrefixLength = address.PrefixLength,
        Peer = address.Peer?.ToString(),
        Broadcast = address.Broadcast?.ToString(),
        Label = address.Label,
        Scope = address.Scope,
        // What the kernel found out by itself is not ours to set.
        Flags = address.Flags & (AddressFlags.NoDuplicateDetection | AddressFlags.NoPrefixRoute),
    };

    public InterfaceAddress On(int link) => new()
    {
        InterfaceIndex = link,
        Address = IPAddress.Parse(Address),
        PrefixLength = PrefixLength,
        Peer = Peer is null ? null : IPAddress.Parse(Peer),
        Broadcast = Broadcast is null ? null : IPAddress.Parse(Broadcast),
        Label = Label,
        Scope = Scope,
        Flags = Flags,
    };
}
