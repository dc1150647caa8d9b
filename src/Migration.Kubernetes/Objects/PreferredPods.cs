namespace Migration.Kubernetes;

/// <summary>core/v1 WeightedPodAffinityTerm.</summary>
public sealed record PreferredPods : OpenRecord
{
    public int? Weight { get; init; }

    public PodAffinityTerm? PodAffinityTerm { get; init; }
}
