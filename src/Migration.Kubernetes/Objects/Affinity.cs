namespace Migration.Kubernetes;

/// <summary>core/v1 Affinity.</summary>
public sealed record Affinity : OpenRecord
{
    public NodeAffinity? NodeAffinity { get; init; }

    public PodAffinity? PodAffinity { get; init; }

    public PodAffinity? PodAntiAffinity { get; init; }
}
