using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Topology and model of the guest CPU.</summary>
public sealed record Cpu : OpenRecord
{
    public int? Sockets { get; init; }

    public int? Cores { get; init; }

    public int? Threads { get; init; }

    /// <summary>A named model, <c>host-model</c> or <c>host-passthrough</c>.</summary>
    public string? Model { get; init; }
}
