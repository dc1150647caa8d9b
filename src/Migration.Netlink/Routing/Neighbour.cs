using System.Net;
using System.Net.NetworkInformation;

namespace Migration.Netlink;

/// <summary>Which MAC address an IP address has on an interface (ARP, ND).</summary>
public sealed record Neighbour
{
    public required int InterfaceIndex { get; init; }

    public required IPAddress Address { get; init; }

    /// <summary>Null while it is being asked for, or was not found.</summary>
    public PhysicalAddress? Mac { get; init; }

    public NeighbourState State { get; init; } = NeighbourState.Permanent;
}
