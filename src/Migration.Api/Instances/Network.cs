using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What an <see cref="Interface"/> is connected to. Exactly one source is set.</summary>
public sealed record Network : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    public PodNetwork? Pod { get; init; }

    public MultusNetwork? Multus { get; init; }

    /// <summary>Whether it is what the pod's first NIC is connected to.</summary>
    [JsonIgnore]
    public bool IsDefault => Pod is not null || Multus?.Default == true;
}
