using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A namespace that is being deleted is emptied first; so is a CustomResourceDefinition of its objects.</summary>
internal sealed class Emptying(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover)
{
    private const string Namespaces = "namespaces";
    private const string Definitions = "customresourcedefinitions.apiextensions.k8s.io";
    private const string Cleanup = "customresourcecleanup.apiextensions.k8s.io";
    private static readonly WriteOptions AsCollector = WriteOptions.Internal("namespace-controller");

    public async Task TendAsync(string resource, StoredObject item, CancellationToken ct)
    {
        if (item.IsDeleting && resource == Namespaces)
            await EmptyNamespaceAsync(item.Name, ct);
        else if (item.IsDeleting && resource == Definitions)
            await EmptyDefinitionAsync(item.Name, ct);
        else if (resource != Namespaces && item.Namespace.Length > 0 && store.Get(Namespaces, new ObjectKey("", item.Namespace)) is { IsDeleting: true } && !item.IsDeleting)
            await DeleteAsync(resource, item, ct);
    }

    /// <summary>Something went: perhaps it was the last in its namespace, or of its definition.</summary>
    public async Task ContentGoneAsync(string resource, StoredObject item, CancellationToken ct)
    {
        if (item.Namespace.Length > 0 && store.Get(Namespaces, new ObjectKey("", item.Namespace)) is { IsDeleting: true })
            await EmptyNamespaceAsync(item.Namespace, ct);
        if (store.Get(Definitions, new ObjectKey("", resource)) is { IsDeleting: true })
            await EmptyDefinitionAsync(resource, ct);
    }

    private async Task EmptyNamespaceAsync(string name, CancellationToken ct)
    {
        var left = 0;
        foreach (var storage in registry.Types.Where(t => t.Namespaced && t.Can("delete")).Select(t => t.Storage).Distinct(StringComparer.Ordinal))
            left += await DeleteAllAsync(storage, o => o.Namespace == name, ct);
        if (left > 0 || registry.StorageType(Namespaces) is not { } type)
            return;
        await writer.ChangeAsync(type, new ObjectKey("", name), "finalize", AsCollector, tree =>
        {
            if (tree.At("spec", "finalizers") is JsonArray finalizers && finalizers.FirstOrDefault(f => JsonTree.AsText(f) == "kubernetes") is { } own)
                finalizers.Remove(own);
            return tree;
        }, ct);
    }

    private async Task EmptyDefinitionAsync(string name, CancellationToken ct)
    {
        if (await DeleteAllAsync(name, _ => true, ct) > 0 || registry.StorageType(Definitions) is not { } type)
            return;
        await writer.ChangeAsync(type, new ObjectKey("", name), "", AsCollector, tree =>
        {
            if (tree.At("metadata", "finalizers") is JsonArray finalizers && finalizers.FirstOrDefault(f => JsonTree.AsText(f) == Cleanup) is { } own)
                finalizers.Remove(own);
            return tree;
        }, ct);
    }

    /// <summary>Deletes what is not being deleted yet; returns how many objects are still there.</summary>
    private async Task<int> DeleteAllAsync(string storage, Func<StoredObject, bool> wanted, CancellationToken ct)
    {
        foreach (var item in store.List(storage).Objects.Values.Where(o => wanted(o) && !o.IsDeleting))
            await DeleteAsync(storage, item, ct);
        return store.List(storage).Objects.Values.Count(wanted);
    }

    private async Task DeleteAsync(string storage, StoredObject item, CancellationToken ct)
    {
        if (registry.StorageType(storage) is not { } type)
            return;
        try
        {
            await remover.DeleteAsync(type, item.Key, new DeleteOptions { Uid = item.Uid, Propagation = "Background" }, ct);
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Gone or replaced meanwhile.
        }
    }
}
