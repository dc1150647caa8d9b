namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeClaimVolumeSource.</summary>
public sealed record ClaimVolume : OpenRecord
{
    public string? ClaimName { get; init; }

    public bool? ReadOnly { get; init; }
}
