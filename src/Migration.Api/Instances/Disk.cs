using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A guest disk, backed by the <see cref="InstanceVolume"/> of the same name.</summary>
public sealed record Disk : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    [JsonPropertyName("disk")]
    public DiskTarget? Target { get; init; }

    public CdromTarget? Cdrom { get; init; }

    /// <summary>1 is tried first.</summary>
    public int? BootOrder { get; init; }

    public string? Serial { get; init; }

    /// <summary><c>none</c>, <c>writethrough</c> or <c>writeback</c>.</summary>
    public string? Cache { get; init; }

    /// <summary><c>threads</c> or <c>native</c>.</summary>
    public string? Io { get; init; }

    public BlockSize? BlockSize { get; init; }

    public bool? Shareable { get; init; }

    /// <summary><c>stop</c>, <c>ignore</c>, <c>report</c> or <c>enospace</c>.</summary>
    public string? ErrorPolicy { get; init; }

    [JsonIgnore]
    public string? Bus => Cdrom is null ? Target?.Bus : Cdrom.Bus;

    [JsonIgnore]
    public bool HasDevice => Target is not null || Cdrom is not null || Unknown?.ContainsKey("lun") == true;
}
