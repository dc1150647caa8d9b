using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>What pods ask for, and what a node has left of it.</summary>
internal static class ResourceRoom
{
    private const string Pods = "pods";

    public static IEnumerable<string> Lacking(Pod pod, Node node, IReadOnlyCollection<Pod> pods)
    {
        var present = pods.Where(other => IsOn(other, node)).ToList();
        if (Allocatable(node, Pods) is { } most && present.Count + 1 > most)
            yield return "Too many pods";
        foreach (var (resource, wanted) in Requests(pod).Where(request => request.Value > 0))
        {
            // A node that does not know cpu or memory has not told yet; of anything else it then has none.
            var allocatable = Allocatable(node, resource) ?? (resource is "cpu" or "memory" or "ephemeral-storage" ? decimal.MaxValue : 0);
            if (allocatable - wanted < present.Sum(other => Requests(other).GetValueOrDefault(resource)))
                yield return $"Insufficient {resource}";
        }
    }

    public static decimal Requested(Node node, string resource, IEnumerable<Pod> pods) =>
        pods.Where(pod => IsOn(pod, node)).Sum(pod => Requests(pod).GetValueOrDefault(resource));

    public static bool IsActive(Pod pod) => pod.Status?.Phase is not ("Succeeded" or "Failed");

    /// <summary>The containers together with sidecars, or the largest init container if that is more; and what running the pod costs.</summary>
    public static Dictionary<string, decimal> Requests(Pod pod)
    {
        var all = new Dictionary<string, decimal>();
        var sidecars = (pod.Spec?.InitContainers ?? []).Where(container => container.RestartPolicy == "Always");
        foreach (var (resource, amount) in (pod.Spec?.Containers ?? []).Concat(sidecars).SelectMany(Requests))
            all[resource] = all.GetValueOrDefault(resource) + amount;
        foreach (var (resource, amount) in (pod.Spec?.InitContainers ?? []).Where(container => container.RestartPolicy != "Always").SelectMany(Requests))
            all[resource] = Math.Max(all.GetValueOrDefault(resource), amount);
        foreach (var (resource, amount) in pod.Spec?.Overhead ?? new Dictionary<string, Quantity>())
            all[resource] = all.GetValueOrDefault(resource) + amount.Amount;
        return all;
    }

    private static IEnumerable<KeyValuePair<string, decimal>> Requests(Container container) =>
        (container.Resources?.Requests ?? new Dictionary<string, Quantity>()).Select(request => KeyValuePair.Create(request.Key, request.Value.Amount));

    private static decimal? Allocatable(Node node, string resource) => node.Status?.Allocatable?.TryGetValue(resource, out var amount) == true ? amount.Amount : null;

    private static bool IsOn(Pod pod, Node node) => pod.Spec?.NodeName == node.Metadata.Name && IsActive(pod);
}
