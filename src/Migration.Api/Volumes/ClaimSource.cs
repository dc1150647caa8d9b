using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A PersistentVolumeClaim: a block device, or a file system with <c>disk.img</c> in it.</summary>
public sealed record ClaimSource : OpenRecord
{
    public string ClaimName { get => field ?? ""; init; }

    public bool? ReadOnly { get; init; }
}
