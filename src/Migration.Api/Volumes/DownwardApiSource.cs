using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Fields of the launcher pod as a disk with files.</summary>
public sealed record DownwardApiSource : OpenRecord
{
    /// <summary>As a pod's downwardAPI volume has them.</summary>
    public IReadOnlyList<DownwardFile>? Fields { get; init; }

    public string? VolumeLabel { get; init; }
}
