namespace Migration.Kubernetes;

/// <summary>metav1.LabelSelector: matches when every label and every requirement does; empty matches everything.</summary>
public sealed record LabelSelector : OpenRecord
{
    public IReadOnlyDictionary<string, string>? MatchLabels { get; init; }

    public IReadOnlyList<SelectorRequirement>? MatchExpressions { get; init; }
}
