using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A guest NIC as it was seen.</summary>
public sealed record InterfaceObservation : OpenRecord
{
    public string? Name { get; init; }

    public string? Mac { get; init; }

    public string? IpAddress { get; init; }

    public IReadOnlyList<string>? IpAddresses { get; init; }

    public string? PodInterfaceName { get; init; }

    public string? InterfaceName { get; init; }

    public string? InfoSource { get; init; }

    public string? LinkState { get; init; }

    public int? QueueCount { get; init; }
}
