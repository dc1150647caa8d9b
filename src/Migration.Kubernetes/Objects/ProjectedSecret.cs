namespace Migration.Kubernetes;

/// <summary>core/v1 SecretProjection.</summary>
public sealed record ProjectedSecret : OpenRecord
{
    public string? Name { get; init; }

    public IReadOnlyList<KeyToPath>? Items { get; init; }

    public bool? Optional { get; init; }
}
