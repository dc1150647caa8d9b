namespace Migration.Kubernetes;

/// <summary>core/v1 EnvVarSource.</summary>
public sealed record EnvVarSource : OpenRecord
{
    public FieldSelector? FieldRef { get; init; }

    public ResourceFieldSelector? ResourceFieldRef { get; init; }

    public KeySelector? ConfigMapKeyRef { get; init; }

    public KeySelector? SecretKeyRef { get; init; }
}
