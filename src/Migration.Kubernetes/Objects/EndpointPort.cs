namespace Migration.Kubernetes;

/// <summary>discovery.k8s.io/v1 EndpointPort and core/v1 EndpointPort.</summary>
public sealed record EndpointPort : OpenRecord
{
    public string? Name { get; init; }

    public int? Port { get; init; }

    public string? Protocol { get; init; }

    public string? AppProtocol { get; init; }
}
