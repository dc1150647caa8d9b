using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A port that the guest serves.</summary>
public sealed record InterfacePort : OpenRecord
{
    public string? Name { get; init; }

    public int? Port { get; init; }

    /// <summary>TCP where nothing is said.</summary>
    public string? Protocol { get; init; }
}
