using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What is plugged into the machine.</summary>
public sealed record Devices : OpenRecord
{
    internal static readonly Devices Empty = new();

    public IReadOnlyList<Interface>? Interfaces { get; init; }

    public IReadOnlyList<Disk>? Disks { get; init; }

    public bool? AutoattachPodInterface { get; init; }

    public bool? NetworkInterfaceMultiqueue { get; init; }
}
