using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>An empty disk that goes with its pod.</summary>
public sealed record EmptyDiskSource : OpenRecord
{
    public Quantity? Capacity { get; init; }
}
