namespace Migration.Kubernetes;

/// <summary>core/v1 DownwardAPIVolumeFile.</summary>
public sealed record DownwardFile : OpenRecord
{
    public string? Path { get; init; }

    public FieldSelector? FieldRef { get; init; }

    public ResourceFieldSelector? ResourceFieldRef { get; init; }

    public int? Mode { get; init; }
}
