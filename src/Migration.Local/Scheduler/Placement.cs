using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>Where a pod goes: the node, or why no node will do, in the words operators know.</summary>
public sealed record Placement(string? Node, string Reason)
{
    private const string HostNameLabel = "kubernetes.io/hostname";

    public static Placement Choose(Pod pod, IReadOnlyCollection<Node> nodes, IReadOnlyCollection<Pod> pods)
    {
        var obstacles = nodes.Select(node => (Node: node, Obstacle: Obstacle(pod, node, pods))).ToList();
        var fitting = obstacles.Where(candidate => candidate.Obstacle is null).Select(candidate => candidate.Node).ToList();
        if (fitting.Count == 0)
            return new Placement(null, Explain(nodes.Count, obstacles.Select(candidate => candidate.Obstacle!)));

        var chosen = fitting.OrderBy(node => RequestedMemory(node, pods)).ThenBy(node => node.Metadata.Name, StringComparer.Ordinal).First();
        return new Placement(chosen.Metadata.Name, "");
    }

    private static string Explain(int count, IEnumerable<string> obstacles) =>
        $"0/{count} nodes are available: " + string.Join(", ", obstacles.GroupBy(text => text).Select(group => $"{group.Count()} {group.Key}").Order()) + ".";

    private static string? Obstacle(Pod pod, Node node, IReadOnlyCollection<Pod> pods)
    {
        if (!node.Status?.Conditions.IsTrue("Ready") ?? true)
            return "node(s) were not ready";
        if (node.Spec?.Unschedulable == true)
            return "node(s) were unschedulable";
        if (UntoleratedTaint(pod, node) is { } taint)
            return $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
        if (!MatchesNodeSelector(pod, node))
            return "node(s) didn't match Pod's node affinity/selector";
        if (!AffinityHolds(pod, node, pods))
            return "node(s) didn't match pod anti-affinity rules";
        return FitsMemory(pod, node, pods) ? null : "Insufficient memory";
    }

    private static Taint? UntoleratedTaint(Pod pod, Node node) =>
        node.Spec?.Taints?.FirstOrDefault(taint =>
            taint.Effect is "NoSchedule" or "NoExecute" && pod.Spec?.Tolerations?.Any(toleration => toleration.Tolerates(taint)) != true);

    private static bool MatchesNodeSelector(Pod pod, Node node)
    {
        var wanted = pod.Spec?.NodeSelector ?? new Dictionary<string, string>();
        var terms = pod.Spec?.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        return wanted.All(pair => node.Metadata.Label(pair.Key) == pair.Value)
            && (terms is null || terms.Any(term => MatchesTerm(term, node)));
    }

    private static bool MatchesTerm(NodeSelectorTerm term, Node node) =>
        (term.MatchExpressions ?? []).All(requirement => Matches(requirement, node.Metadata.Label(requirement.Key ?? "")))
        && (term.MatchFields ?? []).All(requirement => Matches(requirement, requirement.Key == "metadata.name" ? node.Metadata.Name : null));

    /// <summary>Required pod affinity and anti-affinity, by any label of nodes as topology.</summary>
    private static bool AffinityHolds(Pod pod, Node node, IReadOnlyCollection<Pod> pods)
    {
        var apart = pod.Spec?.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        var together = pod.Spec?.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        return !apart.Any(term => Neighbours(pod, term, node, pods).Any()) && together.All(term => Neighbours(pod, term, node, pods).Any());
    }

    private static IEnumerable<Pod> Neighbours(Pod pod, PodAffinityTerm term, Node node, IReadOnlyCollection<Pod> pods)
    {
        // The scheduler knows nodes by name only; a node is its own topology unless it has another label for it.
        var isHost = term.TopologyKey is null or HostNameLabel;
        return pods.Where(other => other.Metadata.Uid != pod.Metadata.Uid
            && IsActive(other)
            && (isHost ? other.Spec?.NodeName == node.Metadata.Name : other.Spec?.NodeName is not null)
            && (term.Namespaces is { Count: > 0 } namespaces
                ? namespaces.Contains(other.Metadata.Namespace)
                : other.Metadata.Namespace == pod.Metadata.Namespace)
            && Selects(term.LabelSelector, other));
    }

    private static bool Selects(LabelSelector? selector, Pod pod) =>
        selector is not null
        && (selector.MatchLabels ?? new Dictionary<string, string>()).All(pair => pod.Metadata.Label(pair.Key) == pair.Value)
        && (selector.MatchExpressions ?? []).All(requirement => Matches(requirement, pod.Metadata.Label(requirement.Key ?? "")));

    private static bool Matches(SelectorRequirement requirement, string? value) => requirement.Operator switch
    {
        "In" => value is not null && requirement.Values?.Contains(value) == true,
        "NotIn" => value is null || requirement.Values?.Contains(value) != true,
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Number(value) > Number(requirement.Values?.FirstOrDefault()),
        "Lt" => Number(value) < Number(requirement.Values?.FirstOrDefault()),
        _ => false,
    };

    private static long? Number(string? text) => long.TryParse(text, out var number) ? number : null;

    private static bool FitsMemory(Pod pod, Node node, IReadOnlyCollection<Pod> pods) =>
        node.Status?.Allocatable?.TryGetValue("memory", out var allocatable) != true
        || RequestedMemory(node, pods) + RequestedMemory(pod) <= allocatable.Amount;

    private static decimal RequestedMemory(Node node, IEnumerable<Pod> pods) =>
        pods.Where(pod => pod.Spec?.NodeName == node.Metadata.Name && IsActive(pod)).Sum(RequestedMemory);

    private static decimal RequestedMemory(Pod pod) =>
        (pod.Spec?.Containers ?? []).Sum(container =>
            container.Resources?.Requests?.TryGetValue("memory", out var request) == true ? request.Amount : 0);

    private static bool IsActive(Pod pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");
}
