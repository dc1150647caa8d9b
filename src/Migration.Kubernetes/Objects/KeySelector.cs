namespace Migration.Kubernetes;

/// <summary>core/v1 ConfigMapKeySelector and SecretKeySelector.</summary>
public sealed record KeySelector : OpenRecord
{
    public string? Name { get; init; }

    public string? Key { get; init; }

    public bool? Optional { get; init; }
}
