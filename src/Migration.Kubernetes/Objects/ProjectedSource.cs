using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 VolumeProjection: one of them.</summary>
public sealed record ProjectedSource : OpenRecord
{
    public ConfigMapVolume? ConfigMap { get; init; }

    public ProjectedSecret? Secret { get; init; }

    [JsonPropertyName("downwardAPI")]
    public DownwardVolume? DownwardApi { get; init; }

    public ProjectedToken? ServiceAccountToken { get; init; }
}
