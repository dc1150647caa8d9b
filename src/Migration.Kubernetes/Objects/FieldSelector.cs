namespace Migration.Kubernetes;

/// <summary>core/v1 ObjectFieldSelector: a field of the pod itself.</summary>
public sealed record FieldSelector : OpenRecord
{
    public string? ApiVersion { get; init; }

    public string? FieldPath { get; init; }
}
