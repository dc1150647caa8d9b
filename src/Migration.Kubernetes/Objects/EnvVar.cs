namespace Migration.Kubernetes;

/// <summary>core/v1 EnvVar.</summary>
public sealed record EnvVar : OpenRecord
{
    public string? Name { get; init; }

    public string? Value { get; init; }

    public EnvVarSource? ValueFrom { get; init; }
}
