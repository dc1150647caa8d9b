using System.Net;
using System.Net.NetworkInformation;

namespace Migration.Netlink;

/// <summary>Where a bridge, or a vxlan, sends frames for a MAC address.</summary>
public sealed record ForwardingEntry
{
    /// <summary>The bridge port, or the vxlan itself.</summary>
    public required int InterfaceIndex { get; init; }

    /// <summary>All zero: a vxlan's default.</summary>
    public required PhysicalAddress Mac { get; init; }

    /// <summary>The entry is the port's bridge's; otherwise the device's own (a vxlan's).</summary>
    public bool OnBridge { get; init; }

    /// <summary>The bridge, when read.</summary>
    public int? BridgeIndex { get; init; }

    /// <summary>A vxlan's far end.</summary>
    public IPAddress? Remote { get; init; }

    public ushort? Vlan { get; init; }

    /// <summary>Permanent: the port's own address, NoArp: static, Reachable and Stale: learned.</summary>
    public NeighbourState State { get; init; } = NeighbourState.NoArp;

    public override string ToString() => $"{Mac} dev {InterfaceIndex}{(Remote is null ? "" : $" dst {Remote}")}";
}
