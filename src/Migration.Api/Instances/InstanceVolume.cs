using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Where the content of a disk comes from: a name and one of the sources.</summary>
public sealed record InstanceVolume : OpenRecord
{
    public string Name { get => field ?? ""; init; }

    public ContainerDiskSource? ContainerDisk { get; init; }

    public ClaimSource? PersistentVolumeClaim { get; init; }

    public DataVolumeSource? DataVolume { get; init; }

    public HostDiskSource? HostDisk { get; init; }

    public EmptyDiskSource? EmptyDisk { get; init; }

    public EphemeralSource? Ephemeral { get; init; }

    public CloudInitSource? CloudInitNoCloud { get; init; }

    public CloudInitSource? CloudInitConfigDrive { get; init; }

    public ConfigMapSource? ConfigMap { get; init; }

    public SecretSource? Secret { get; init; }

    public ServiceAccountSource? ServiceAccount { get; init; }

    public DownwardApiSource? DownwardAPI { get; init; }

    /// <summary>The claim that the pod uses, or null.</summary>
    [JsonIgnore]
    public string? ClaimName => PersistentVolumeClaim?.ClaimName ?? DataVolume?.Name ?? Ephemeral?.PersistentVolumeClaim?.ClaimName;

    [JsonIgnore]
    public CloudInitSource? CloudInit => CloudInitNoCloud ?? CloudInitConfigDrive;

    [JsonIgnore]
    internal IReadOnlyList<(string Name, OpenRecord Source)> Sources =>
    [
        .. new (string Name, OpenRecord? Source)[]
        {
            ("containerDisk", ContainerDisk), ("persistentVolumeClaim", PersistentVolumeClaim), ("dataVolume", DataVolume), ("hostDisk", HostDisk),
            ("emptyDisk", EmptyDisk), ("ephemeral", Ephemeral), ("cloudInitNoCloud", CloudInitNoCloud), ("cloudInitConfigDrive", CloudInitConfigDrive),
            ("configMap", ConfigMap), ("secret", Secret), ("serviceAccount", ServiceAccount), ("downwardAPI", DownwardAPI),
        }.Where(entry => entry.Source is not null).Select(entry => (entry.Name, entry.Source!)),
    ];
}
