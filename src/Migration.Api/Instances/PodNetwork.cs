using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The cluster network.</summary>
public sealed record PodNetwork : OpenRecord
{
    public string? VmNetworkCIDR { get; init; }

    public string? VmIPv6NetworkCIDR { get; init; }
}
