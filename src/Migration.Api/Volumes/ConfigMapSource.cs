using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A config map as a disk with files.</summary>
public sealed record ConfigMapSource : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    public bool? Optional { get; init; }

    public string? VolumeLabel { get; init; }
}
