namespace Migration.Kubernetes;

/// <summary>core/v1 VolumeDevice: a volume as a block device.</summary>
public sealed record VolumeDevice : OpenRecord
{
    public string? Name { get; init; }

    public string? DevicePath { get; init; }
}
