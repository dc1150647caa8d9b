namespace Migration.Kubernetes;

/// <summary>core/v1 EnvVarSource.</summary>
public sealed record EnvVarSource : OpenRecord
{
    public FieldSelector? FieldRef { get; init; }
}
