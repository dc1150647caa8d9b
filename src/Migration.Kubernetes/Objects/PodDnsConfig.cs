namespace Migration.Kubernetes;

/// <summary>core/v1 PodDNSConfig.</summary>
public sealed record PodDnsConfig : OpenRecord
{
    public IReadOnlyList<string>? Nameservers { get; init; }

    public IReadOnlyList<string>? Searches { get; init; }

    public IReadOnlyList<PodDnsOption>? Options { get; init; }
}
