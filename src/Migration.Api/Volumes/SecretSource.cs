using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A secret as a disk with files.</summary>
public sealed record SecretSource : OpenRecord
{
    public string SecretName { get => field ?? ""; init; }

    public bool? Optional { get; init; }

    public string? VolumeLabel { get; init; }
}
