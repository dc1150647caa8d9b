namespace Migration.Kubernetes;

/// <summary>core/v1 EnvFromSource: every entry of a config map or secret.</summary>
public sealed record EnvFromSource : OpenRecord
{
    public string? Prefix { get; init; }

    public OptionalReference? ConfigMapRef { get; init; }

    public OptionalReference? SecretRef { get; init; }
}
