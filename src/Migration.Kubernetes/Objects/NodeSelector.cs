namespace Migration.Kubernetes;

/// <summary>core/v1 NodeSelector: a node is meant when any term matches.</summary>
public sealed record NodeSelector : OpenRecord
{
    public IReadOnlyList<NodeSelectorTerm>? NodeSelectorTerms { get; init; }
}
