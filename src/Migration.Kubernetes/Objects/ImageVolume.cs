namespace Migration.Kubernetes;

/// <summary>core/v1 ImageVolumeSource: the files of an image, read-only.</summary>
public sealed record ImageVolume : OpenRecord
{
    public string? Reference { get; init; }

    public string? PullPolicy { get; init; }
}
