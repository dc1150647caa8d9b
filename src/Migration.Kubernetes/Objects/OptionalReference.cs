namespace Migration.Kubernetes;

/// <summary>core/v1 ConfigMapEnvSource and SecretEnvSource.</summary>
public sealed record OptionalReference : OpenRecord
{
    public string? Name { get; init; }

    public bool? Optional { get; init; }
}
