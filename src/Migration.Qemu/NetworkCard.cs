using System.Net.NetworkInformation;

namespace Migration.Qemu;

/// <summary>A guest NIC on a tap.</summary>
public sealed record NetworkCard
{
    /// <summary>Letters, digits, dots and dashes; the same on every node that the guest visits.</summary>
    public required string Id { get; init; }

    /// <summary>Which of the <see cref="QemuCommandLine.Slots"/> it sits in; the same on every node that the guest visits.</summary>
    public required int Slot { get; init; }

    public required PhysicalAddress Mac { get; init; }

    /// <summary>As in the VMI: virtio, e1000, e1000e, rtl8139.</summary>
    public string Model { get; init; } = "virtio";

    /// <summary>
    /// The names of the tap's queue descriptors among those that the launcher is given; more than one is multi-queue.
    /// </summary>
    public IReadOnlyList<string> TapFiles { get; init; } = [];

    /// <summary>What virtio tells the guest besides DHCP; none for other models.</summary>
    public int? Mtu { get; init; }
}
