using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>A claim that is only read; what the guest writes goes with its pod.</summary>
public sealed record EphemeralSource : OpenRecord
{
    public ClaimSource? PersistentVolumeClaim { get; init; }
}
