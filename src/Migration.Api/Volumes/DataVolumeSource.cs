using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A DataVolume: the claim of the same name that it fills.</summary>
public sealed record DataVolumeSource : OpenRecord
{
    public string Name { get => field ?? ""; init; }
}
