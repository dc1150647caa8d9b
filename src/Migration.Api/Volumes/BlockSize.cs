using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>The sectors that a disk shows to its guest.</summary>
public sealed record BlockSize : OpenRecord
{
    public CustomBlockSize? Custom { get; init; }
}
