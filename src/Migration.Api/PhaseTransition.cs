using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>When a phase was entered.</summary>
public sealed record PhaseTransition : OpenRecord
{
    public string? Phase { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? PhaseTransitionTimestamp { get; init; }
}
