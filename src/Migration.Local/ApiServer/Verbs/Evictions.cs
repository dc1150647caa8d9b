using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Evictions: deletions that webhooks and disruption budgets have a say in (<c>pods/eviction</c>).</summary>
internal sealed class Evictions(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, Admission admission, TimeProvider time)
{
    private const string Refusal = "Cannot evict pod as it would violate the pod's disruption budget.";
    private static readonly WriteOptions AsServer = WriteOptions.Internal("eviction");

    /// <exception cref="ApiException">429 while the pod has to stay; kubectl drain asks again later.</exception>
    public async Task EvictAsync(ResourceType pods, ObjectKey key, JsonObject eviction, DeleteOptions options, CancellationToken ct)
    {
        Complete(eviction, key);
        var request = new AdmissionRequest(AdmissionOperation.Create, pods, "eviction", key, options.Caller)
        {
            Object = eviction, DryRun = options.DryRun,
            Options = new JsonObject { ["kind"] = "CreateOptions", ["apiVersion"] = "meta.k8s.io/v1" },
        };
        await admission.AdmitActionAsync(request, options.Warnings, ct);
        for (var attempt = 0; ; attempt++)
        {
            var pod = store.Get(pods.Storage, key) ?? throw ApiException.NotFound(pods, key.Name);
            try
            {
                await TakeFromBudgetAsync(pod, options.DryRun, ct);
                break;
            }
            catch (ApiException e) when (e.Reason == "Conflict" && attempt < 20)
            {
                // The budget changed meanwhile: count again.
            }
        }
        if (!options.DryRun)
            await MarkAsync(pods, key, ct);
        await remover.DeleteAsync(pods, key, options, ct);
    }

    private static void Complete(JsonObject eviction, ObjectKey key)
    {
        if (eviction.TextAt("metadata", "name") is { Length: > 0 } name && name != key.Name)
            throw ApiException.BadRequest("name in URL does not match name in Eviction object");
        eviction["apiVersion"] ??= "policy/v1";
        eviction["kind"] ??= "Eviction";
        eviction.Child("metadata")["name"] = key.Name;
        eviction.Child("metadata")["namespace"] = key.Namespace;
    }

    private async Task TakeFromBudgetAsync(StoredObject pod, bool dryRun, CancellationToken ct)
    {
        // Who has ended, has not begun or is going already is nobody's loss.
        if (pod.IsDeleting || pod.Root.Text("status", "phase") is "Succeeded" or "Failed" or "Pending")
            return;
        var budgets = DisruptionBudgets.Of(store, pod).ToList();
        if (budgets.Count > 1)
            throw new ApiException(500, "InternalError", "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
        if (budgets is not [var budget] || MayGoUnhealthy(pod, budget))
            return;
        RequireAllowance(budget);
        if (dryRun || registry.StorageType(DisruptionBudgets.Storage) is not { } type)
            return;
        await writer.ChangeAsync(type, budget.Key, "status", AsServer, tree => Take(tree, budget, pod.Name), ct);
    }

    /// <summary>A pod that is not ready does not count for its budget; evicting it takes nothing from one that is kept.</summary>
    private static bool MayGoUnhealthy(StoredObject pod, StoredObject budget)
    {
        if (DisruptionBudgets.IsReady(pod))
            return false;
        var desired = budget.Root.Number("status", "desiredHealthy");
        return budget.Root.Text("spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow"
            || (desired > 0 && budget.Root.Number("status", "currentHealthy") >= desired);
    }

    private static void RequireAllowance(StoredObject budget)
    {
        var status = budget.Root;
        if (status.Number("status", "observedGeneration") < status.Number("metadata", "generation"))
            throw TooMany($"The disruption budget {budget.Name} is still being processed by the server.");
        if (status.Number("status", "disruptionsAllowed") <= 0)
            throw TooMany($"The disruption budget {budget.Name} needs {status.Number("status", "desiredHealthy")} healthy pods and has "
                + $"{status.Number("status", "currentHealthy")} currently");
    }

    private JsonObject Take(JsonObject tree, StoredObject seen, string pod)
    {
        if (tree.TextAt("metadata", "resourceVersion") != seen.Root.Text("metadata", "resourceVersion"))
            throw new ApiException(409, "Conflict", "the disruption budget has been modified");
        var status = tree.Child("status");
        status["disruptionsAllowed"] = (status.NumberAt("disruptionsAllowed") ?? 0) - 1;
        status.Child("disruptedPods")[pod] = Timestamps.Format(time.GetUtcNow());
        return tree;
    }

    private Task MarkAsync(ResourceType pods, ObjectKey key, CancellationToken ct) => writer.ChangeAsync(pods, key, "status", AsServer, pod =>
    {
        Conditions.Set(pod, "DisruptionTarget", "True", "EvictionByEvictionAPI", "Eviction API: evicting", time);
        return pod;
    }, ct);

    private static ApiException TooMany(string cause) => new(429, "TooManyRequests", Refusal,
        new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "DisruptionBudget", ["message"] = cause }) });
}
