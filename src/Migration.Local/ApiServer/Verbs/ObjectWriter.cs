using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Create, update and patch: the one path by which objects change.</summary>
internal sealed class ObjectWriter(Store store, Admission admission, TimeProvider time)
{
    /// <summary>Letters of generated names: no vowels, nothing that looks like something else.</summary>
    private const string NameLetters = "bcdfghjklmnpqrstvwxz2456789";

    private const int GeneratedNameLength = 63;

    /// <summary>Creates an object of the server's own, at once: no webhook is asked about it.</summary>
    public StoredObject CreateOwn(ResourceType type, string scope, JsonObject tree)
    {
        var options = WriteOptions.Internal("migration");
        var generated = Begin(type, scope, tree);
        admission.AdmitOwn(type, tree, options);
        return Store(type, tree, generated, options, null);
    }

    /// <param name="recordFields">Records who owns which fields, when it is not a plain write.</param>
    public async Task<StoredObject> CreateAsync(
        ResourceType type, string scope, JsonObject tree, WriteOptions options, CancellationToken ct, Action<JsonObject>? recordFields = null)
    {
        var generated = Begin(type, scope, tree);
        await admission.AdmitNewAsync(type, tree, options, ct);
        return Store(type, tree, generated, options, recordFields);
    }

    /// <summary>Gives a new object its kind, place, name and identity. Returns whether the name was made up.</summary>
    private bool Begin(ResourceType type, string scope, JsonObject tree)
    {
        RequireKind(type, tree);
        var metadata = RequireMetadata(tree);
        PlaceInScope(type, scope, metadata);
        var generated = NameObject(type, metadata);
        admission.RequireNamespace(type, scope, metadata.TextAt("name")!);
        if (tree.TextAt("metadata", "resourceVersion") is { Length: > 0 })
            throw ApiException.BadRequest("resourceVersion should not be set on objects to be created");
        BeginLife(metadata);
        return generated;
    }

    private StoredObject Store(ResourceType type, JsonObject tree, bool generated, WriteOptions options, Action<JsonObject>? recordFields)
    {
        var metadata = tree.Child("metadata");
        if (type.CountsGenerations)
            metadata["generation"] = 1;
        metadata.Remove("managedFields");
        if (recordFields is null)
            ManagedFields.RecordWrite(type, null, tree, options.FieldManager, "", time);
        else
            recordFields(tree);

        Conversion.Convert(tree, type.StorageApiVersion);
        if (options.DryRun)
            return store.Get(type.Storage, KeyOf(tree)) is null ? StoredObject.Unsaved(tree) : throw ApiException.AlreadyExists(type, KeyOf(tree).Name);
        var attempts = generated ? 8 : 1;
        while (true)
        {
            if (store.Create(type.Storage, tree) is { } created)
            {
                admission.Stored(type, created);
                return created;
            }
            if (--attempts == 0)
                throw ApiException.AlreadyExists(type, KeyOf(tree).Name);
            metadata["name"] = Generate(metadata.TextAt("generateName")!);
        }
    }

    /// <summary>Replaces an object by what the client sent. Without resourceVersion in the body the client does not care what was there.</summary>
    public async Task<StoredObject> UpdateAsync(
        ResourceType type, ObjectKey key, string subresource, JsonObject tree, WriteOptions options, CancellationToken ct)
    {
        RequireKind(type, tree);
        var metadata = RequireMetadata(tree);
        PlaceInScope(type, key.Namespace, metadata);
        if (metadata.TextAt("name") is var name && name != key.Name)
            throw ApiException.BadRequest($"the name of the object ({name}) does not match the name on the URL ({key.Name})");
        return await ChangeAsync(type, key, subresource, options, _ => tree.Clone(), ct);
    }

    /// <summary>Changes an object by a function of its present state, again when another writer was quicker.</summary>
    /// <param name="recordFields">Records who owns which fields, when it is not a plain write.</param>
    public async Task<StoredObject> ChangeAsync(
        ResourceType type, ObjectKey key, string subresource, WriteOptions options, Func<JsonObject, JsonObject> edit, CancellationToken ct,
        Action<JsonObject>? recordFields = null)
    {
        for (var attempt = 0; ; attempt++)
        {
            var current = store.Get(type.Storage, key) ?? throw ApiException.NotFound(type, key.Name);
            try
            {
                return await ChangeAsync(type, current, subresource, options, edit, recordFields, ct);
            }
            catch (RevisionConflictException) when (attempt < 20)
            {
                options.Problems.Clear();
            }
            catch (RevisionConflictException)
            {
                throw ApiException.Modified(type, key.Name);
            }
        }
    }

    private async Task<StoredObject> ChangeAsync(ResourceType type, StoredObject current, string subresource, WriteOptions options,
        Func<JsonObject, JsonObject> edit, Action<JsonObject>? recordFields, CancellationToken ct)
    {
        var before = Conversion.Tree(current, type);
        var after = edit(before.Clone());
        RequireKind(type, after);
        RequireSameObject(type, before, after);
        await admission.AdmitChangeAsync(type, subresource, before, after, options, ct);
        CountGeneration(type, before, after);
        if (recordFields is null)
            ManagedFields.RecordWrite(type, before, after, options.FieldManager, subresource, time);
        else
            recordFields(after);
        if (JsonTree.Same(before, after))
            return current;

        Conversion.Convert(after, type.StorageApiVersion);
        if (options.DryRun)
            return StoredObject.Unsaved(after);
        if (current.IsDeleting && MayGo(type, after))
            return Removed(type, store.Remove(type.Storage, current, after));
        var stored = store.Replace(type.Storage, current, after);
        admission.Stored(type, stored);
        return stored;
    }

    /// <summary>An object that is being deleted goes when its last finalizer does, a pod moreover only when its grace has run out.</summary>
    internal static bool MayGo(ResourceType type, JsonObject tree) =>
        tree.At("metadata", "finalizers") is not JsonArray { Count: > 0 }
        && (type.Storage != "namespaces" || tree.At("spec", "finalizers") is not JsonArray { Count: > 0 })
        && tree.NumberAt("metadata", "deletionGracePeriodSeconds") is null or 0;

    private StoredObject Removed(ResourceType type, StoredObject removed)
    {
        admission.Removed(type, removed);
        return removed;
    }

    private static void RequireKind(ResourceType type, JsonObject tree)
    {
        var (apiVersion, kind) = (tree.TextAt("apiVersion"), tree.TextAt("kind"));
        if (string.IsNullOrEmpty(apiVersion) && string.IsNullOrEmpty(kind) && !type.IsCustom)
            (tree["apiVersion"], tree["kind"]) = (type.ApiVersion, type.Kind);
        else if (string.IsNullOrEmpty(kind))
            throw ApiException.BadRequest($"Object 'Kind' is missing in '{JsonTree.Text(tree)}'");
        else if (apiVersion != type.ApiVersion)
            throw ApiException.BadRequest(
                $"the API version in the data ({apiVersion}) does not match the expected API version ({type.ApiVersion})");
        else if (kind != type.Kind)
            throw ApiException.BadRequest($"{kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: the kind in the data ({kind}) does not match the expected kind ({type.Kind})");
    }

    private static JsonObject RequireMetadata(JsonObject tree) =>
        tree["metadata"] is null or JsonObject ? tree.Child("metadata") : throw ApiException.BadRequest("metadata must be an object");

    private static void PlaceInScope(ResourceType type, string scope, JsonObject metadata)
    {
        var given = metadata.TextAt("namespace") ?? "";
        if (!type.Namespaced)
        {
            metadata.Remove("namespace");
            return;
        }
        if (given.Length > 0 && given != scope)
            throw ApiException.BadRequest($"the namespace of the provided object does not match the namespace sent on the request");
        metadata["namespace"] = scope;
    }

    /// <summary>Returns whether the name was made up, in which case a collision is not the caller's fault.</summary>
    private static bool NameObject(ResourceType type, JsonObject metadata)
    {
        if (metadata.TextAt("name") is { Length: > 0 })
            return false;
        if (metadata.TextAt("generateName") is not { Length: > 0 } prefix)
            throw ApiException.Invalid(type, "", [FieldError.Required("metadata.name", "name or generateName is required")]);
        metadata["name"] = Generate(prefix);
        return true;
    }

    private static string Generate(string prefix) =>
        prefix[..Math.Min(prefix.Length, GeneratedNameLength - 5)] + RandomNumberGenerator.GetString(NameLetters, 5);

    private void BeginLife(JsonObject metadata)
    {
        foreach (var name in (string[])["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"])
            metadata.Remove(name);
        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Timestamps.Format(time.GetUtcNow());
    }

    private static void RequireSameObject(ResourceType type, JsonObject before, JsonObject after)
    {
        var name = before.TextAt("metadata", "name")!;
        if (after.TextAt("metadata", "uid") is { Length: > 0 } uid && uid != before.TextAt("metadata", "uid"))
            throw ApiException.Conflict(type, name,
                $"Precondition failed: UID in precondition: {uid}, UID in object meta: {before.TextAt("metadata", "uid")}");
        if (after.TextAt("metadata", "resourceVersion") is { Length: > 0 } version && version != before.TextAt("metadata", "resourceVersion"))
            throw ApiException.Modified(type, name);
        if (after.TextAt("metadata", "name") != name)
            throw ApiException.Invalid(type, name, [FieldError.Invalid("metadata.name", after.At("metadata", "name")?.DeepClone(), "field is immutable")]);
    }

    private static void CountGeneration(ResourceType type, JsonObject before, JsonObject after)
    {
        if (!type.CountsGenerations)
            return;
        var generation = before.NumberAt("metadata", "generation") ?? 0;
        after.Child("metadata")["generation"] = SameDesire(type, before, after) ? generation : generation + 1;
    }

    private static bool SameDesire(ResourceType type, JsonObject before, JsonObject after)
    {
        var names = before.Select(p => p.Key).Union(after.Select(p => p.Key), StringComparer.Ordinal);
        return names.All(n => n is "metadata" or "apiVersion" or "kind" || (n == "status" && type.HasStatus) || JsonTree.Same(before[n], after[n]));
    }

    private static ObjectKey KeyOf(JsonObject tree) => new(tree.TextAt("metadata", "namespace") ?? "", tree.TextAt("metadata", "name")!);
}
