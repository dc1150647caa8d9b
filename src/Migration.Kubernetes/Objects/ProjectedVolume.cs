namespace Migration.Kubernetes;

/// <summary>core/v1 ProjectedVolumeSource: several sources in one directory.</summary>
public sealed record ProjectedVolume : OpenRecord
{
    public IReadOnlyList<ProjectedSource>? Sources { get; init; }

    public int? DefaultMode { get; init; }
}
