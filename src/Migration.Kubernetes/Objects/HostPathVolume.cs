namespace Migration.Kubernetes;

/// <summary>core/v1 HostPathVolumeSource.</summary>
public sealed record HostPathVolume : OpenRecord
{
    public string? Path { get; init; }

    public string? Type { get; init; }
}
