using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>Where a pod goes: the node, or why no node will do, in the words operators know.</summary>
public sealed record Placement(string? Node, string Reason)
{
    private const int AvoidedTaint = 100;

    public static Placement Choose(Pod pod, IReadOnlyCollection<Node> nodes, IReadOnlyCollection<Pod> pods)
    {
        if (nodes.Count == 0)
            return new Placement(null, "no nodes available to schedule pods");
        var company = new Company(pod, nodes, pods);
        var obstacles = nodes.Select(node => (Node: node, Obstacles: Obstacles(pod, node, company, pods).ToList())).ToList();
        var fitting = obstacles.Where(candidate => candidate.Obstacles.Count == 0).Select(candidate => candidate.Node).ToList();
        if (fitting.Count == 0)
            return new Placement(null, Explain(nodes.Count, obstacles.SelectMany(candidate => candidate.Obstacles)));

        var chosen = fitting
            .OrderByDescending(node => Score(pod, node, company))
            .ThenBy(node => ResourceRoom.Requested(node, "memory", pods))
            .ThenBy(node => node.Metadata.Name, StringComparer.Ordinal)
            .First();
        return new Placement(chosen.Metadata.Name, "");
    }

    private static string Explain(int count, IEnumerable<string> obstacles) =>
        $"0/{count} nodes are available: "
        + string.Join(", ", obstacles.GroupBy(text => text).Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal)) + ".";

    /// <summary>What keeps the pod from a node: the first rule that it breaks; of resources, all that are lacking.</summary>
    private static IEnumerable<string> Obstacles(Pod pod, Node node, Company company, IReadOnlyCollection<Pod> pods)
    {
        var rule = RuleBroken(pod, node, company);
        return rule is not null ? [rule] : ResourceRoom.Lacking(pod, node, pods);
    }

    private static string? RuleBroken(Pod pod, Node node, Company company)
    {
        if (!node.Status?.Conditions.IsTrue("Ready") ?? true)
            return "node(s) were not ready";
        if (node.Spec?.Unschedulable == true && !Tolerates(pod, new Taint { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" }))
            return "node(s) were unschedulable";
        if (UntoleratedTaints(pod, node, "NoSchedule", "NoExecute").FirstOrDefault() is { } taint)
            return $"node(s) had untolerated taint {{{taint.Key}: {taint.Value}}}";
        if (!NodeSelection.Required(pod, node))
            return "node(s) didn't match Pod's node affinity/selector";
        return company.RuleBroken(node);
    }

    /// <summary>Wishes, weighed as the pod weighs them; between equals the emptier node is taken.</summary>
    private static int Score(Pod pod, Node node, Company company) =>
        NodeSelection.Preferred(pod, node) + company.Preferred(node) - (AvoidedTaint * UntoleratedTaints(pod, node, "PreferNoSchedule").Count());

    private static IEnumerable<Taint> UntoleratedTaints(Pod pod, Node node, params string[] effects) =>
        (node.Spec?.Taints ?? []).Where(taint => effects.Contains(taint.Effect) && !Tolerates(pod, taint));

    private static bool Tolerates(Pod pod, Taint taint) => pod.Spec?.Tolerations?.Any(toleration => toleration.Tolerates(taint)) == true;
}
