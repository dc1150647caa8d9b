using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A namespace that is being deleted is emptied first; so is a CustomResourceDefinition of its objects.</summary>
internal sealed class Emptying(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover)
{
    private const string Namespaces = "namespaces";
    private const string Definitions = "customresourcedefinitions.apiextensions.k8s.io";
    private const string Cleanup = "customresourcecleanup.apiextensions.k8s.io";
    private static readonly WriteOptions AsCollector = WriteOptions.Internal("namespace-controller");

    public void Tend(string resource, StoredObject item)
    {
        if (item.IsDeleting && resource == Namespaces)
            EmptyNamespace(item.Name);
        else if (item.IsDeleting && resource == Definitions)
            EmptyDefinition(item.Name);
        else if (resource != Namespaces && item.Namespace.Length > 0 && store.Get(Namespaces, new ObjectKey("", item.Namespace)) is { IsDeleting: true } && !item.IsDeleting)
            Delete(resource, item);
    }

    /// <summary>Something went: perhaps it was the last in its namespace, or of its definition.</summary>
    public void ContentGone(string resource, StoredObject item)
    {
        if (item.Namespace.Length > 0 && store.Get(Namespaces, new ObjectKey("", item.Namespace)) is { IsDeleting: true })
            EmptyNamespace(item.Namespace);
        if (store.Get(Definitions, new ObjectKey("", resource)) is { IsDeleting: true })
            EmptyDefinition(resource);
    }

    private void EmptyNamespace(string name)
    {
        var left = 0;
        foreach (var storage in registry.Types.Where(t => t.Namespaced && t.Can("delete")).Select(t => t.Storage).Distinct(StringComparer.Ordinal))
            left += DeleteAll(storage, o => o.Namespace == name);
        if (left > 0 || registry.StorageType(Namespaces) is not { } type)
            return;
        writer.Change(type, new ObjectKey("", name), "finalize", AsCollector, tree =>
        {
            if (tree.At("spec", "finalizers") is JsonArray finalizers && finalizers.FirstOrDefault(f => JsonTree.AsText(f) == "kubernetes") is { } own)
                finalizers.Remove(own);
            return tree;
        });
    }

    private void EmptyDefinition(string name)
    {
        if (DeleteAll(name, _ => true) > 0 || registry.StorageType(Definitions) is not { } type)
            return;
        writer.Change(type, new ObjectKey("", name), "", AsCollector, tree =>
        {
            if (tree.At("metadata", "finalizers") is JsonArray finalizers && finalizers.FirstOrDefault(f => JsonTree.AsText(f) == Cleanup) is { } own)
                finalizers.Remove(own);
            return tree;
        });
    }

    /// <summary>Deletes what is not being deleted yet; returns how many objects are still there.</summary>
    private int DeleteAll(string storage, Func<StoredObject, bool> wanted)
    {
        foreach (var item in store.List(storage).Objects.Values.Where(o => wanted(o) && !o.IsDeleting))
            Delete(storage, item);
        return store.List(storage).Objects.Values.Count(wanted);
    }

    private void Delete(string storage, StoredObject item)
    {
        if (registry.StorageType(storage) is not { } type)
            return;
        try
        {
            remover.Delete(type, item.Key, new DeleteOptions { Uid = item.Uid, Propagation = "Background" });
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Gone or replaced meanwhile.
        }
    }
}
