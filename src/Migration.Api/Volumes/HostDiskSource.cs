using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A raw image in the node's file system.</summary>
public sealed record HostDiskSource : OpenRecord
{
    /// <summary>It must be there.</summary>
    public const string Disk = "Disk";

    /// <summary>It is made where it is missing.</summary>
    public const string DiskOrCreate = "DiskOrCreate";

    public string Path { get => field ?? ""; init; }

    /// <summary><see cref="Disk"/> or <see cref="DiskOrCreate"/>.</summary>
    public string? Type { get; init; }

    public Quantity? Capacity { get; init; }

    /// <summary>Every node has the same file there.</summary>
    public bool? Shared { get; init; }
}
