namespace Migration.Kubernetes;

/// <summary>core/v1 PodAffinityTerm.</summary>
public sealed record PodAffinityTerm : OpenRecord
{
    public LabelSelector? LabelSelector { get; init; }

    public LabelSelector? NamespaceSelector { get; init; }

    public IReadOnlyList<string>? Namespaces { get; init; }

    public string? TopologyKey { get; init; }
}
