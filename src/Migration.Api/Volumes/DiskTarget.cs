using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A disk's device: what it is connected to.</summary>
public sealed record DiskTarget : OpenRecord
{
    /// <summary>One of <see cref="DiskBus"/>.</summary>
    public string? Bus { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("readonly")]
    public bool? ReadOnly { get; init; }
}
