namespace Migration.Kubernetes;

/// <summary>core/v1 Endpoints: the older form of what EndpointSlices say.</summary>
public sealed record Endpoints : KubernetesObject
{
    public IReadOnlyList<EndpointSubset>? Subsets { get; init; }
}
