using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A CD-ROM drive; its medium cannot be written.</summary>
public sealed record CdromTarget : OpenRecord
{
    /// <summary>One of <see cref="DiskBus"/>, but not virtio.</summary>
    public string? Bus { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("readonly")]
    public bool? ReadOnly { get; init; }

    /// <summary><c>closed</c> or <c>open</c>.</summary>
    public string? Tray { get; init; }
}
