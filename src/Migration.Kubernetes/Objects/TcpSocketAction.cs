using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>core/v1 TCPSocketAction.</summary>
public sealed record TcpSocketAction : OpenRecord
{
    /// <summary>A number, or the name of one of the container's ports.</summary>
    public JsonElement? Port { get; init; }

    public string? Host { get; init; }
}
