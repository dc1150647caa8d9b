using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 ServiceSpec.</summary>
public sealed record ServiceSpec : OpenRecord
{
    public string? Type { get; init; }

    [JsonPropertyName("clusterIP")]
    public string? ClusterIp { get; init; }

    [JsonPropertyName("clusterIPs")]
    public IReadOnlyList<string>? ClusterIps { get; init; }

    public string? ExternalName { get; init; }

    [JsonPropertyName("externalIPs")]
    public IReadOnlyList<string>? ExternalIps { get; init; }

    public IReadOnlyDictionary<string, string>? Selector { get; init; }

    public IReadOnlyList<ServicePort>? Ports { get; init; }

    public IReadOnlyList<string>? IpFamilies { get; init; }

    public string? IpFamilyPolicy { get; init; }

    /// <summary><c>None</c> or <c>ClientIP</c>.</summary>
    public string? SessionAffinity { get; init; }

    public bool? PublishNotReadyAddresses { get; init; }
}
