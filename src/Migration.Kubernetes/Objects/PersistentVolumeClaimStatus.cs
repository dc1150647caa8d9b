namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeClaimStatus.</summary>
public sealed record PersistentVolumeClaimStatus : OpenRecord
{
    public string? Phase { get; init; }

    public IReadOnlyList<string>? AccessModes { get; init; }

    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }
}
