namespace Migration.Kubernetes;

/// <summary>core/v1 PodAffinity and PodAntiAffinity.</summary>
public sealed record PodAffinity : OpenRecord
{
    public IReadOnlyList<PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    public IReadOnlyList<PreferredPods>? PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}
