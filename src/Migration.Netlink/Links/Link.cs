using System.Net.NetworkInformation;

namespace Migration.Netlink;

/// <summary>A network interface as the kernel describes it.</summary>
public sealed record Link
{
    public required int Index { get; init; }

    public required string Name { get; init; }

    public LinkFlags Flags { get; init; }

    public PhysicalAddress Mac { get; init; } = PhysicalAddress.None;

    public int Mtu { get; init; }

    public OperationalState State { get; init; }

    public int TransmitQueueLength { get; init; }

    public int TransmitQueues { get; init; }

    /// <summary>The bridge (or other master) it is a port of; null if none.</summary>
    public int? MasterIndex { get; init; }

    /// <summary>The peer of a veth, the parent of a macvlan, … (IFLA_LINK), in the namespace told by <see cref="LinkedNamespaceId"/>.</summary>
    public int? LinkedIndex { get; init; }

    /// <summary>This namespace's number for the one that <see cref="LinkedIndex"/> counts in; null if it is this one.</summary>
    public int? LinkedNamespaceId { get; init; }

    /// <summary>Who made it (IFLA_INFO_KIND): veth, bridge, tun, …; null for hardware and loopback.</summary>
    public string? Kind { get; init; }

    /// <summary>What is particular to its kind, where we read it.</summary>
    public LinkDetails? Details { get; init; }

    /// <summary>Its settings as the port of a bridge; null if it is none.</summary>
    public BridgePort? Port { get; init; }

    public AddressGeneration? AddressGeneration { get; init; }

    public LinkCounters Counters { get; init; }

    public bool IsUp => Flags.HasFlag(LinkFlags.Up);
}
