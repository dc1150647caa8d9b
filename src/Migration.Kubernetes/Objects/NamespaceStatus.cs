namespace Migration.Kubernetes;

/// <summary>core/v1 NamespaceStatus.</summary>
public sealed record NamespaceStatus : OpenRecord
{
    public string? Phase { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }
}
