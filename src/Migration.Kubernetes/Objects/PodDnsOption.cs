namespace Migration.Kubernetes;

/// <summary>core/v1 PodDNSConfigOption.</summary>
public sealed record PodDnsOption : OpenRecord
{
    public string? Name { get; init; }

    public string? Value { get; init; }
}
