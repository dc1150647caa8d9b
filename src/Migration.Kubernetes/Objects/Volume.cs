using System.Text.Json.Serialization;

namespace Migration.Kubernetes;

/// <summary>core/v1 Volume: a name and one of the sources.</summary>
public sealed record Volume : OpenRecord
{
    public string? Name { get; init; }

    public EmptyDirVolume? EmptyDir { get; init; }

    public HostPathVolume? HostPath { get; init; }

    public ImageVolume? Image { get; init; }

    public ConfigMapVolume? ConfigMap { get; init; }

    public SecretVolume? Secret { get; init; }

    public ClaimVolume? PersistentVolumeClaim { get; init; }

    public ProjectedVolume? Projected { get; init; }

    [JsonPropertyName("downwardAPI")]
    public DownwardVolume? DownwardApi { get; init; }
}
