namespace Migration.Kubernetes;

/// <summary>core/v1 PersistentVolumeSpec.</summary>
public sealed record PersistentVolumeSpec : OpenRecord
{
    public IReadOnlyDictionary<string, Quantity>? Capacity { get; init; }

    public IReadOnlyList<string>? AccessModes { get; init; }

    public ObjectReference? ClaimRef { get; init; }

    public HostPathVolume? HostPath { get; init; }

    /// <summary><c>Delete</c> or <c>Retain</c>.</summary>
    public string? PersistentVolumeReclaimPolicy { get; init; }

    public string? StorageClassName { get; init; }

    public string? VolumeMode { get; init; }
}
