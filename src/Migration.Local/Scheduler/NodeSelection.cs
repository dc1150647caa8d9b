using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>What a pod says about nodes: selector and node affinity.</summary>
internal static class NodeSelection
{
    public static bool Required(Pod pod, Node node)
    {
        var wanted = pod.Spec?.NodeSelector ?? new Dictionary<string, string>();
        var terms = pod.Spec?.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        return wanted.All(pair => node.Metadata.Label(pair.Key) == pair.Value) && (terms is null || terms.Any(term => Matches(term, node)));
    }

    public static int Preferred(Pod pod, Node node) =>
        (pod.Spec?.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [])
            .Where(wish => wish.Preference is { } term && Matches(term, node)).Sum(wish => wish.Weight ?? 0);

    /// <summary>A term that says nothing matches nothing.</summary>
    private static bool Matches(NodeSelectorTerm term, Node node) =>
        term is not { MatchExpressions: null or { Count: 0 }, MatchFields: null or { Count: 0 } }
        && (term.MatchExpressions ?? []).All(requirement => Selection.Matches(requirement, node.Metadata.Label(requirement.Key ?? "")))
        && (term.MatchFields ?? []).All(requirement => Selection.Matches(requirement, requirement.Key == "metadata.name" ? node.Metadata.Name : null));
}
