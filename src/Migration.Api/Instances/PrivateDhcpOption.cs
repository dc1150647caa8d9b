using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A DHCP option of the site's own, 224 to 254.</summary>
public sealed record PrivateDhcpOption : OpenRecord
{
    public int? Option { get; init; }

    public string? Value { get; init; }
}
