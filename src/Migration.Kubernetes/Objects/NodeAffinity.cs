namespace Migration.Kubernetes;

/// <summary>core/v1 NodeAffinity.</summary>
public sealed record NodeAffinity : OpenRecord
{
    public NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; init; }

    public IReadOnlyList<PreferredNodes>? PreferredDuringSchedulingIgnoredDuringExecution { get; init; }
}
