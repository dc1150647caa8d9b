using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Delete: at once when nothing holds the object, else by marking it and leaving the rest to finalizers and the kubelet.</summary>
internal sealed class ObjectRemover(Store store, Admission admission, TimeProvider time)
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    /// <returns>The object as it is now, and whether it is gone.</returns>
    public async Task<(StoredObject Object, bool Gone)> DeleteAsync(ResourceType type, ObjectKey key, DeleteOptions options, CancellationToken ct)
    {
        for (var attempt = 0; ; attempt++)
        {
            var current = store.Get(type.Storage, key) ?? throw ApiException.NotFound(type, key.Name);
            RequirePreconditions(type, current, options);
            await admission.AdmitRemovalAsync(type, current, options, ct);
            try
            {
                return Delete(type, current, options);
            }
            catch (RevisionConflictException) when (attempt < 20)
            {
                // Somebody changed it meanwhile: look again.
            }
        }
    }

    private (StoredObject Object, bool Gone) Delete(ResourceType type, StoredObject current, DeleteOptions options)
    {
        var tree = current.ToTree();
        var metadata = tree.Child("metadata");
        Mark(type, tree, metadata, options);
        if (options.DryRun)
            return (StoredObject.Unsaved(tree), false);
        if (ObjectWriter.MayGo(type, tree))
        {
            var removed = store.Remove(type.Storage, current, current.IsDeleting ? null : tree);
            admission.Removed(type, removed);
            return (removed, true);
        }
        if (JsonTree.Same(tree, current.ToTree()))
            return (current, false);
        var marked = store.Replace(type.Storage, current, tree);
        admission.Stored(type, marked);
        return (marked, false);
    }

    private void Mark(ResourceType type, JsonObject tree, JsonObject metadata, DeleteOptions options)
    {
        var grace = type.Storage == "pods" ? PodGrace(tree, options.GracePeriodSeconds) : 0;
        SetFinalizer(metadata, Foreground, options.Propagation == "Foreground", options.Propagation is not null);
        SetFinalizer(metadata, Orphan, options.Propagation == "Orphan", options.Propagation is not null);
        if (type.Storage == "namespaces")
            tree.Child("status")["phase"] = "Terminating";
        var already = metadata.NumberAt("deletionGracePeriodSeconds");
        if (metadata.ContainsKey("deletionTimestamp") && !(already > grace))
            return;
        if (!metadata.ContainsKey("deletionTimestamp") && metadata.NumberAt("generation") is { } generation)
            metadata["generation"] = generation + 1;
        metadata["deletionTimestamp"] = Timestamps.Format(time.GetUtcNow().AddSeconds(grace));
        metadata["deletionGracePeriodSeconds"] = grace;
    }

    /// <summary>A pod that runs nowhere, or has ended, needs no time to stop.</summary>
    private static long PodGrace(JsonObject pod, long? asked)
    {
        if (pod.TextAt("spec", "nodeName") is not { Length: > 0 } || pod.TextAt("status", "phase") is "Succeeded" or "Failed")
            return 0;
        return Math.Max(0, asked ?? pod.NumberAt("spec", "terminationGracePeriodSeconds") ?? 30);
    }

    private static void SetFinalizer(JsonObject metadata, string name, bool wanted, bool decided)
    {
        var finalizers = metadata["finalizers"] as JsonArray;
        var present = finalizers?.FirstOrDefault(f => JsonTree.AsText(f) == name);
        if (wanted && present is null)
        {
            if (finalizers is null)
                metadata["finalizers"] = finalizers = [];
            finalizers.Add(name);
        }
        else if (!wanted && decided && present is not null)
        {
            finalizers!.Remove(present);
        }
    }

    private static void RequirePreconditions(ResourceType type, StoredObject current, DeleteOptions options)
    {
        if (options.Uid is { } uid && uid != current.Uid)
            throw ApiException.Conflict(type, current.Name, $"Precondition failed: UID in precondition: {uid}, UID in object meta: {current.Uid}");
        if (options.ResourceVersion is { } version && version != current.Revision.ToString(System.Globalization.CultureInfo.InvariantCulture))
            throw ApiException.Conflict(type, current.Name,
                $"Precondition failed: ResourceVersion in precondition: {version}, ResourceVersion in object meta: {current.Revision}");
    }
}
