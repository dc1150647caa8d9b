using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Where the content of a disk comes from. What kind it is stands in <see cref="OpenRecord.Unknown"/>.</summary>
public sealed record InstanceVolume : OpenRecord
{
    public string Name { get => field ?? ""; init; }
}
