namespace Migration.Kubernetes;

/// <summary>core/v1 Pod.</summary>
public sealed record Pod : KubernetesObject
{
    public PodSpec? Spec { get; init; }

    public PodStatus? Status { get; init; }
}
