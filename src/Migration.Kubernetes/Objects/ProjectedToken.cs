namespace Migration.Kubernetes;

/// <summary>core/v1 ServiceAccountTokenProjection.</summary>
public sealed record ProjectedToken : OpenRecord
{
    public string? Audience { get; init; }

    public long? ExpirationSeconds { get; init; }

    public string? Path { get; init; }
}
