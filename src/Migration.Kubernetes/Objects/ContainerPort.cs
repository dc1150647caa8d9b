using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 ContainerPort.</summary>
public sealed record ContainerPort : OpenRecord
{
    public string? Name { get; init; }

    [JsonPropertyName("containerPort")]
    public int? Port { get; init; }

    public int? HostPort { get; init; }

    [JsonPropertyName("hostIP")]
    public string? HostIp { get; init; }

    public string? Protocol { get; init; }
}
