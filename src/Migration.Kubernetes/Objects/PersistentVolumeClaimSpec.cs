namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeClaimSpec.</summary>
public sealed record PersistentVolumeClaimSpec : OpenRecord
{
    public const string Block = "Block";

    public const string ReadWriteMany = "ReadWriteMany";

    public IReadOnlyList<string>? AccessModes { get; init; }

    public ResourceRequirements? Resources { get; init; }

    public string? StorageClassName { get; init; }

    /// <summary><c>Filesystem</c> or <c>Block</c>.</summary>
    public string? VolumeMode { get; init; }

    public string? VolumeName { get; init; }
}
