using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Background, foreground and orphaning deletion of objects by their owner references.</summary>
internal sealed class Dependents(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, OwnershipGraph graph)
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";
    private static readonly WriteOptions AsCollector = WriteOptions.Internal("garbage-collector");

    /// <summary>An object is there, or has changed: does it belong to anybody still, does it wait for its own dependents?</summary>
    public void Tend(string resource, StoredObject item)
    {
        if (item.IsDeleting && HasFinalizer(item, Orphan))
            Release(resource, item);
        else if (item.IsDeleting && HasFinalizer(item, Foreground))
            DeleteDependentsFirst(resource, item);
        else if (!item.IsDeleting && IsForsaken(item))
            Delete(resource, item.Key, item.Uid, "Background");
        // An owner that waits for this object in foreground deletion may have begun to before the reference was there.
        foreach (var owner in item.Root.Items("metadata", "ownerReferences"))
            TendWaitingOwner(item, owner.Text("apiVersion") ?? "", owner.Text("kind") ?? "", owner.Text("name") ?? "");
    }

    public void OwnerGone(StoredObject owner)
    {
        foreach (var (resource, key) in graph.DependentsOf(owner.Uid))
        {
            if (store.Get(resource, key) is { IsDeleting: false } dependent && IsForsaken(dependent))
                Delete(resource, key, dependent.Uid, "Background");
        }
        foreach (var reference in owner.Root.Items("metadata", "ownerReferences"))
            TendWaitingOwner(owner, reference.Text("apiVersion") ?? "", reference.Text("kind") ?? "", reference.Text("name") ?? "");
    }

    private void TendWaitingOwner(StoredObject dependent, string apiVersion, string kind, string name)
    {
        if (registry.FindKind(apiVersion, kind) is not { } type)
            return;
        var key = new ObjectKey(type.Namespaced ? dependent.Namespace : "", name);
        if (store.Get(type.Storage, key) is { IsDeleting: true } owner && HasFinalizer(owner, Foreground))
            DeleteDependentsFirst(type.Storage, owner);
    }

    /// <summary>All owners are gone: a reference to a kind that is not served says nothing, so it holds the object.</summary>
    private bool IsForsaken(StoredObject item)
    {
        var owners = item.Root.Items("metadata", "ownerReferences");
        return owners.Count > 0 && owners.All(o =>
            registry.FindKind(o.Text("apiVersion") ?? "", o.Text("kind") ?? "") is not null && !graph.Exists(o.Text("uid") ?? ""));
    }

    private void DeleteDependentsFirst(string resource, StoredObject owner)
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
                Delete(kind, key, dependent.Uid, "Foreground");
        }
        if (blocking == 0)
            RemoveFinalizer(resource, owner, Foreground);
    }

    private void Release(string resource, StoredObject owner)
    {
        foreach (var (kind, key) in graph.DependentsOf(owner.Uid))
        {
            if (registry.StorageType(kind) is { } type)
                writer.Change(type, key, "", AsCollector, tree => WithoutOwner(tree, owner.Uid));
        }
        RemoveFinalizer(resource, owner, Orphan);
    }

    private void Delete(string resource, ObjectKey key, string uid, string propagation)
    {
        if (registry.StorageType(resource) is { } type)
            remover.Delete(type, key, new DeleteOptions { Uid = uid, Propagation = propagation });
    }

    private void RemoveFinalizer(string resource, StoredObject item, string finalizer)
    {
        if (registry.StorageType(resource) is { } type)
            writer.Change(type, item.Key, "", AsCollector, tree => WithoutFinalizer(tree, finalizer));
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
