using System.Text.Json;
using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>One element of the annotation <see cref="Annotations.NetworkStatus"/>: a NIC of a pod as it was attached.</summary>
public sealed record NetworkStatus : OpenRecord
{
    /// <summary>"namespace/name" of the definition; the network's own name for the cluster's network.</summary>
    [JsonPropertyOrder(-6)]
    public string? Name { get; init; }

    [JsonPropertyOrder(-5)]
    public string? Interface { get; init; }

    [JsonPropertyOrder(-4)]
    public IReadOnlyList<string>? Ips { get; init; }

    [JsonPropertyOrder(-3)]
    public string? Mac { get; init; }

    [JsonPropertyOrder(-2)]
    public int? Mtu { get; init; }

    /// <summary>Whether it is what the pod's first NIC is connected to.</summary>
    [JsonPropertyOrder(-1)]
    public bool? Default { get; init; }

    public JsonElement? Dns { get; init; }
}
