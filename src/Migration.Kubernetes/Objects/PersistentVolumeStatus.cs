namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeStatus.</summary>
public sealed record PersistentVolumeStatus : OpenRecord
{
    public string? Phase { get; init; }
}
