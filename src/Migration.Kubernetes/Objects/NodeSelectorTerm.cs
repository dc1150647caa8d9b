namespace Migration.Kubernetes;

/// <summary>core/v1 NodeSelectorTerm: matches when all its requirements do.</summary>
public sealed record NodeSelectorTerm : OpenRecord
{
    public IReadOnlyList<SelectorRequirement>? MatchExpressions { get; init; }

    public IReadOnlyList<SelectorRequirement>? MatchFields { get; init; }
}
