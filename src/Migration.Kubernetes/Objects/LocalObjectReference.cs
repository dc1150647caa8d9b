namespace Migration.Kubernetes;

/// <summary>core/v1 LocalObjectReference: something in the same namespace.</summary>
public sealed record LocalObjectReference : OpenRecord
{
    public string? Name { get; init; }
}
