namespace Migration.Kubernetes;

/// <summary>core/v1 DownwardAPIVolumeSource: facts about the pod as files.</summary>
public sealed record DownwardVolume : OpenRecord
{
    public IReadOnlyList<DownwardFile>? Items { get; init; }

    public int? DefaultMode { get; init; }
}
