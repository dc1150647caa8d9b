using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Instances that failed one after the other before their guest ran, and when the next one is made.</summary>
public sealed record StartFailure : OpenRecord
{
    public int? ConsecutiveFailCount { get; init; }

    [JsonPropertyName("lastFailedVMIUID")]
    public string? LastFailedInstance { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? RetryAfterTimestamp { get; init; }
}
