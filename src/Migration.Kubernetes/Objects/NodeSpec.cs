using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 NodeSpec.</summary>
public sealed record NodeSpec : OpenRecord
{
    [JsonPropertyName("podCIDR")]
    public string? PodCidr { get; init; }

    [JsonPropertyName("podCIDRs")]
    public IReadOnlyList<string>? PodCidrs { get; init; }

    [JsonPropertyName("providerID")]
    public string? ProviderId { get; init; }

    public bool? Unschedulable { get; init; }

    public IReadOnlyList<Taint>? Taints { get; init; }
}
