using System.Text.Json;
using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>One element of the annotation <see cref="Annotations.Networks"/>: a network that a pod asks for.</summary>
public sealed record NetworkSelection : OpenRecord
{
    [JsonPropertyOrder(-4)]
    public string Name { get => field ?? ""; init; }

    [JsonPropertyOrder(-3)]
    public string? Namespace { get; init; }

    [JsonPropertyOrder(-2)]
    public string? Mac { get; init; }

    /// <summary>The name that the NIC is to have in the pod.</summary>
    [JsonPropertyOrder(-1)]
    public string? Interface { get; init; }

    /// <summary>Addresses to ask of the network's IPAM.</summary>
    public IReadOnlyList<string>? Ips { get; init; }

    /// <summary>Gateways of default routes through this network.</summary>
    [JsonPropertyName("default-route")]
    public IReadOnlyList<string>? DefaultRoute { get; init; }

    /// <summary>An object that the network's plugins find in their configuration.</summary>
    [JsonPropertyName("cni-args")]
    public JsonElement? CniArgs { get; init; }

    /// <summary>An object: ingressRate, ingressBurst, egressRate and egressBurst, in bits per second and bits.</summary>
    public JsonElement? Bandwidth { get; init; }

    /// <summary>A list of objects: hostPort, containerPort, protocol, hostIP.</summary>
    public JsonElement? PortMappings { get; init; }

    [JsonPropertyName("infiniband-guid")]
    public string? InfinibandGuid { get; init; }

    /// <summary>The NetworkAttachmentDefinition it names.</summary>
    [JsonIgnore]
    public ObjectKey Definition => new(Namespace ?? "", Name);
}
