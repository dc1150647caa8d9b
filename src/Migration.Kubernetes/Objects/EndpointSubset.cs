namespace Migration.Kubernetes;

/// <summary>core/v1 EndpointSubset.</summary>
public sealed record EndpointSubset : OpenRecord
{
    public IReadOnlyList<EndpointAddress>? Addresses { get; init; }

    public IReadOnlyList<EndpointAddress>? NotReadyAddresses { get; init; }

    public IReadOnlyList<EndpointPort>? Ports { get; init; }
}
