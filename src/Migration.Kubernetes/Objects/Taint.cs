using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 Taint.</summary>
public sealed record Taint : OpenRecord
{
    public string? Key { get; init; }

    public string? Value { get; init; }

    /// <summary><c>NoSchedule</c>, <c>PreferNoSchedule</c> or <c>NoExecute</c>.</summary>
    public string? Effect { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? TimeAdded { get; init; }
}
