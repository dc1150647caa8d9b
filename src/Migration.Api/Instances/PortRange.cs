using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Ports that the guest serves, both ends included.</summary>
public sealed record PortRange : OpenRecord
{
    public int? Start { get; init; }

    public int? End { get; init; }

    public string? Protocol { get; init; }
}
