namespace Migration.Kubernetes;

/// <summary>core/v1 Node.</summary>
public sealed record Node : KubernetesObject
{
    public NodeSpec? Spec { get; init; }

    public NodeStatus? Status { get; init; }
}
