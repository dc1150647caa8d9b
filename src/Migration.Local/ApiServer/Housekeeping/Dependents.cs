using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Background, foreground and orphaning deletion of objects by their owner references.</summary>
internal sealed class Dependents(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, OwnershipGraph graph)
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private static readonly WriteOptions AsCollector = WriteOptions.Internal("garbage-collector");

    /// <summary>An object is there, or has changed: does it belong to anybody still, does it wait for its own dependents?</summary>
    public async Task TendAsync(string resource, StoredObject item, CancellationToken ct)
    {
        if (item.IsDeleting && HasFinalizer(item, Orphan))
            await ReleaseAsync(resource, item, ct);
        else if (item.IsDeleting && HasFinalizer(item, Foreground))
            await DeleteDependentsFirstAsync(resource, item, ct);
        else if (!item.IsDeleting && IsForsaken(item))
            await DeleteAsync(resource, item.Key, item.Uid, "Background", ct);
        // An owner that waits for this object in foreground deletion may have begun to before the reference was there.
        foreach (var owner in item.Root.Items("metadata", "ownerReferences"))
            await TendWaitingOwnerAsync(item, owner, ct);
    }

    public async Task OwnerGoneAsync(StoredObject owner, CancellationToken ct)
    {
        foreach (var (resource, key) in graph.DependentsOf(owner.Uid))
        {
            if (store.Get(resource, key) is { IsDeleting: false } dependent && IsForsaken(dependent))
                await DeleteAsync(resource, key, dependent.Uid, "Background", ct);
        }
        foreach (var reference in owner.Root.Items("metadata", "ownerReferences"))
            await TendWaitingOwnerAsync(owner, reference, ct);
    }

    private async Task TendWaitingOwnerAsync(StoredObject dependent, JsonElement reference, CancellationToken ct)
    {
        if (registry.FindKind(reference.Text("apiVersion") ?? "", reference.Text("kind") ?? "") is not { } type)
            return;
        var key = new ObjectKey(type.Namespaced ? dependent.Namespace : "", reference.Text("name") ?? "");
        if (store.Get(type.Storage, key) is { IsDeleting: true } owner && HasFinalizer(owner, Foreground))
            await DeleteDependentsFirstAsync(type.Storage, owner, ct);
    }

    /// <summary>All owners are gone: a reference to a kind that is not served says nothing, so it holds the object.</summary>
    private bool IsForsaken(StoredObject item)
    {
        var owners = item.Root.Items("metadata", "ownerReferences");
        return owners.Count > 0 && owners.All(o =>
            registry.FindKind(o.Text("apiVersion") ?? "", o.Text("kind") ?? "") is not null && !graph.Exists(o.Text("uid") ?? ""));
    }

    private async Task DeleteDependentsFirstAsync(string resource, StoredObject owner, CancellationToken ct)
    {
        var blocking = 0;
        foreach (var (kind, key) in graph.DependentsOf(owner.Uid))
        {
            if (store.Get(kind, key) is not { } dependent)
                continue;
            var reference = dependent.Root.Items("metadata", "ownerReferences").FirstOrDefault(o => o.Text("uid") == owner.Uid);
            if (reference.Flag("blockOwnerDeletion"))
                blocking++;
            if (!dependent.IsDeleting)
                await DeleteAsync(kind, key, dependent.Uid, "Foreground", ct);
        }
        if (blocking == 0)
            await RemoveFinalizerAsync(resource, owner, Foreground, ct);
    }

    private async Task ReleaseAsync(string resource, StoredObject owner, CancellationToken ct)
    {
        foreach (var (kind, key) in graph.DependentsOf(owner.Uid))
        {
            if (registry.StorageType(kind) is { } type)
                await writer.ChangeAsync(type, key, "", AsCollector, tree => WithoutOwner(tree, owner.Uid), ct);
        }
        await RemoveFinalizerAsync(resource, owner, Orphan, ct);
    }

    private async Task DeleteAsync(string resource, ObjectKey key, string uid, string propagation, CancellationToken ct)
    {
        if (registry.StorageType(resource) is { } type)
            await remover.DeleteAsync(type, key, new DeleteOptions { Uid = uid, Propagation = propagation }, ct);
    }

    private async Task RemoveFinalizerAsync(string resource, StoredObject item, string finalizer, CancellationToken ct)
    {
        if (registry.StorageType(resource) is { } type)
            await writer.ChangeAsync(type, item.Key, "", AsCollector, tree => WithoutFinalizer(tree, finalizer), ct);
    }

    private static JsonObject WithoutOwner(JsonObject tree, string uid)
    {
        if (tree.At("metadata", "ownerReferences") is JsonArray owners)
        {
            foreach (var owner in owners.Where(o => o.TextAt("uid") == uid).ToList())
                owners.Remove(owner);
        }
        return tree;
    }

    private static JsonObject WithoutFinalizer(JsonObject tree, string finalizer)
    {
        if (tree.At("metadata", "finalizers") is JsonArray finalizers
            && finalizers.FirstOrDefault(f => JsonTree.AsText(f) == finalizer) is { } found)
            finalizers.Remove(found);
        return tree;
    }

    private static bool HasFinalizer(StoredObject item, string finalizer) =>
        item.Root.Items("metadata", "finalizers").Any(f => f.GetString() == finalizer);
}
