using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 ContainerStateRunning.</summary>
public sealed record ContainerRunning : OpenRecord
{
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartedAt { get; init; }
}
