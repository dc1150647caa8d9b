using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A guest disk, backed by the <see cref="InstanceVolume"/> of the same name.</summary>
public sealed record Disk : OpenRecord
{
    public string Name { get => field ?? ""; init; }
}
