using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>
/// What a pod, and the pods that are there already, say about each other's company: affinity, anti-affinity and topology spread. Nodes are near each
/// other when they have the same value of a label; a node that lacks the label is near nobody.
/// </summary>
internal sealed class Company(Pod pod, IReadOnlyCollection<Node> nodes, IReadOnlyCollection<Pod> pods)
{
    private readonly Dictionary<string, Node> _nodes = nodes.ToDictionary(node => node.Metadata.Name!);
    private readonly List<Pod> _placed = [.. pods.Where(other => other.Metadata.Uid != pod.Metadata.Uid && !string.IsNullOrEmpty(other.Spec?.NodeName) && ResourceRoom.IsActive(other))];

    public string? RuleBroken(Node node)
    {
        var affinity = pod.Spec?.Affinity;
        if ((affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Any(term => !IsNearOne(pod, term, node) && !IsFirst(term, node)))
            return "node(s) didn't match pod affinity rules";
        if ((affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Any(term => IsNearOne(pod, term, node)))
            return "node(s) didn't match pod anti-affinity rules";
        if (_placed.Any(other => Minds(other, node)))
            return "node(s) didn't satisfy existing pods anti-affinity rules";
        return (pod.Spec?.TopologySpreadConstraints ?? []).Any(constraint => (constraint.WhenUnsatisfiable ?? "DoNotSchedule") == "DoNotSchedule" && Skew(constraint, node) > (constraint.MaxSkew ?? 1))
            ? "node(s) didn't match pod topology spread constraints"
            : null;
    }

    public int Preferred(Node node)
    {
        var affinity = pod.Spec?.Affinity;
        var together = (affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Sum(wish => Weigh(wish, node));
        var apart = (affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Sum(wish => Weigh(wish, node));
        var spread = (pod.Spec?.TopologySpreadConstraints ?? []).Where(constraint => constraint.WhenUnsatisfiable == "ScheduleAnyway").Sum(constraint => Math.Min(Skew(constraint, node), 1000));
        return together - apart - spread;
    }

    private int Weigh(PreferredPods wish, Node node) => wish.PodAffinityTerm is { } term ? (wish.Weight ?? 0) * Near(pod, term, node).Count() : 0;

    private bool IsNearOne(Pod asking, PodAffinityTerm term, Node node) => Near(asking, term, node).Any();

    /// <summary>Those that wish for company like themselves may begin anywhere.</summary>
    private bool IsFirst(PodAffinityTerm term, Node node) =>
        node.Metadata.Label(term.TopologyKey ?? "") is not null && IsMeant(pod, term, pod) && !_placed.Any(other => IsMeant(pod, term, other));

    private bool Minds(Pod other, Node node) =>
        (other.Spec?.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Any(term => IsMeant(other, term, pod) && AreNear(term.TopologyKey, node, other));

    private IEnumerable<Pod> Near(Pod asking, PodAffinityTerm term, Node node) => _placed.Where(other => IsMeant(asking, term, other) && AreNear(term.TopologyKey, node, other));

    private bool AreNear(string? key, Node node, Pod other) =>
        node.Metadata.Label(key ?? "") is { } place && _nodes.GetValueOrDefault(other.Spec!.NodeName!)?.Metadata.Label(key ?? "") == place;

    private static bool IsMeant(Pod asking, PodAffinityTerm term, Pod candidate) =>
        (term switch
        {
            // The labels of namespaces are not at hand here: an empty selector means all of them, as written.
            { NamespaceSelector: not null } => true,
            { Namespaces: { Count: > 0 } namespaces } => namespaces.Contains(candidate.Metadata.Namespace!),
            _ => asking.Metadata.Namespace == candidate.Metadata.Namespace,
        })
        && Selection.Selects(term.LabelSelector, candidate);

    /// <summary>By how much the node's place would be fuller than the emptiest; a node in no place is no place for the pod.</summary>
    private int Skew(TopologySpread constraint, Node node)
    {
        var key = constraint.TopologyKey ?? "";
        if (node.Metadata.Label(key) is not { } place)
            return int.MaxValue;
        var counts = _nodes.Values.Where(candidate => NodeSelection.Required(pod, candidate)).Select(candidate => candidate.Metadata.Label(key)).OfType<string>().Distinct()
            .ToDictionary(value => value, value => _placed.Count(other =>
                other.Metadata.Namespace == pod.Metadata.Namespace && !other.IsDeleting && Selection.Selects(constraint.LabelSelector, other)
                && _nodes.GetValueOrDefault(other.Spec!.NodeName!)?.Metadata.Label(key) == value));
        var itself = Selection.Selects(constraint.LabelSelector, pod) ? 1 : 0;
        return counts.GetValueOrDefault(place) + itself - counts.Values.DefaultIfEmpty(0).Min();
    }
}
