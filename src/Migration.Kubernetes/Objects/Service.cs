namespace Migration.Kubernetes;

/// <summary>core/v1 Service.</summary>
public sealed record Service : KubernetesObject
{
    public ServiceSpec? Spec { get; init; }
}
