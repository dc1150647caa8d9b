namespace Migration.Kubernetes;

/// <summary>core/v1 PodReadinessGate.</summary>
public sealed record PodReadinessGate : OpenRecord
{
    public string? ConditionType { get; init; }
}
