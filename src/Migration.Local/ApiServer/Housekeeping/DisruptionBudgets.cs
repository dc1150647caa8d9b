using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Counts, for every disruption budget, the pods there are, are ready and must be: evictions go by that status.</summary>
internal sealed class DisruptionBudgets(Store store, ResourceRegistry registry, ObjectWriter writer, TimeProvider time)
{
    public const string Storage = "poddisruptionbudgets.policy";

    /// <summary>An evicted pod that is still there after this long was not deleted after all, and counts again.</summary>
    private static readonly TimeSpan EvictionPatience = TimeSpan.FromMinutes(2);

    private static readonly WriteOptions AsController = WriteOptions.Internal("disruption-controller");

    public static IEnumerable<StoredObject> Of(Store store, StoredObject pod) =>
        store.List(Storage).Objects.Values.Where(b => b.Namespace == pod.Namespace && Selects(b, pod));

    public static bool IsReady(StoredObject pod) =>
        pod.Root.Items("status", "conditions").Any(c => c.Text("type") == "Ready" && c.Text("status") == "True");

    /// <summary>Something changed: a budget, or a pod that one may be about.</summary>
    public async Task TendAsync(string resource, StoredObject item, CancellationToken ct)
    {
        if (resource == Storage)
            await CountAsync(item.Key, ct);
        else if (resource == "pods")
        {
            foreach (var budget in store.List(Storage).Objects.Values.Where(b => b.Namespace == item.Namespace))
                await CountAsync(budget.Key, ct);
        }
    }

    public async Task TendAllAsync(CancellationToken ct)
    {
        foreach (var budget in store.List(Storage).Objects.Values)
            await CountAsync(budget.Key, ct);
    }

    private async Task CountAsync(ObjectKey key, CancellationToken ct)
    {
        if (store.Get(Storage, key) is not { IsDeleting: false } budget || registry.StorageType(Storage) is not { } type)
            return;
        var pods = store.List("pods").Objects.Values.Where(p => p.Namespace == key.Namespace && !HasEnded(p) && Selects(budget, p)).ToList();
        await writer.ChangeAsync(type, key, "status", AsController, tree => WithCount(tree, pods), ct);
    }

    private JsonObject WithCount(JsonObject tree, List<StoredObject> pods)
    {
        var status = tree.Child("status");
        var disrupted = StillDisrupted(status["disruptedPods"] as JsonObject, pods);
        var expected = Expected(pods);
        var desired = Desired(tree["spec"], expected);
        var healthy = pods.Count(p => IsReady(p) && !p.IsDeleting && !disrupted.ContainsKey(p.Name));
        var allowed = expected > 0 ? Math.Max(0, healthy - desired) : 0;
        status["currentHealthy"] = healthy;
        status["desiredHealthy"] = desired;
        status["expectedPods"] = expected;
        status["disruptionsAllowed"] = allowed;
        status["observedGeneration"] = tree.NumberAt("metadata", "generation");
        if (disrupted.Count > 0)
            status["disruptedPods"] = disrupted;
        else
            status.Remove("disruptedPods");
        Conditions.Set(tree, "DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods", "", time);
        return tree;
    }

    private JsonObject StillDisrupted(JsonObject? disrupted, List<StoredObject> pods)
    {
        var since = time.GetUtcNow() - EvictionPatience;
        return new JsonObject((disrupted ?? []).Where(d => Timestamps.Read(JsonTree.AsText(d.Value)) >= since && pods.Any(p => p.Name == d.Key && !p.IsDeleting))
            .Select(d => KeyValuePair.Create(d.Key, d.Value?.DeepClone())));
    }

    /// <summary>What the pods' controllers want to have, where they say so; else the pods there are.</summary>
    private int Expected(List<StoredObject> pods)
    {
        var wanted = 0L;
        foreach (var group in pods.GroupBy(p => p.Root.Items("metadata", "ownerReferences").FirstOrDefault(o => o.Flag("controller")).Text("uid") ?? ""))
            wanted += Replicas(group.First()) ?? group.Count();
        return (int)wanted;
    }

    private long? Replicas(StoredObject pod)
    {
        var owner = pod.Root.Items("metadata", "ownerReferences").FirstOrDefault(o => o.Flag("controller"));
        if (owner.ValueKind != JsonValueKind.Object || registry.FindKind(owner.Text("apiVersion") ?? "", owner.Text("kind") ?? "") is not { } type)
            return null;
        return store.Get(type.Storage, new ObjectKey(type.Namespaced ? pod.Namespace : "", owner.Text("name") ?? ""))?.Root.Find("spec", "replicas")?.GetInt64();
    }

    private static int Desired(JsonNode? spec, int expected) =>
        spec.At("maxUnavailable") is { } most ? Math.Max(0, expected - Part(most, expected))
        : spec.At("minAvailable") is { } least ? Part(least, expected) : 0;

    /// <summary>A number, or a percentage rounded up.</summary>
    private static int Part(JsonNode value, int of)
    {
        if (JsonTree.AsNumber(value) is { } number)
            return (int)number;
        return int.TryParse(JsonTree.AsText(value)?.TrimEnd('%'), CultureInfo.InvariantCulture, out var percent) ? (percent * of + 99) / 100 : 0;
    }

    private static bool HasEnded(StoredObject pod) => pod.Root.Text("status", "phase") is "Succeeded" or "Failed";

    /// <summary>No selector selects nothing, an empty one everything.</summary>
    private static bool Selects(StoredObject budget, StoredObject pod) =>
        budget.Root.Find("spec", "selector") is { } selector && LabelConditions.Match(selector, pod.Labels);
}
