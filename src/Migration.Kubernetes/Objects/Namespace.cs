namespace Migration.Kubernetes;

/// <summary>core/v1 Namespace.</summary>
public sealed record Namespace : KubernetesObject
{
    public NamespaceStatus? Status { get; init; }
}
