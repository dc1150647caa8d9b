using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Everything between what a client sent and what is stored: unknown fields, defaults, the kinds' own rules, validation. Webhooks would be
/// called here, between defaulting and validation.
/// </summary>
internal sealed class Admission(Store store, TimeProvider time)
{
    private static readonly string[] SystemMetadata = ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion", "selfLink", "managedFields"];

    private readonly Dictionary<string, KindRules> _rules = KindRules.All(store, time);

    /// <summary>Called after an object was stored or removed, with its type: custom resource definitions are published from here.</summary>
    public Action<ResourceType, StoredObject, bool>? Observe { get; set; }

    /// <summary>A namespaced object needs a living namespace.</summary>
    public void RequireNamespace(ResourceType type, string scope, string name)
    {
        if (!type.Namespaced)
            return;
        var home = store.Get("namespaces", new ObjectKey("", scope))
            ?? throw new ApiException(404, "NotFound", $"namespaces \"{scope}\" not found", new JsonObject { ["name"] = scope, ["kind"] = "namespaces" });
        if (home.IsDeleting)
            throw ApiException.Forbidden(type, name, $"unable to create new content in namespace {scope} because it is being terminated");
    }

    public void AdmitNew(ResourceType type, JsonObject tree, WriteOptions options)
    {
        // The status of a new object is the business of who acts on it; nodes are registered with theirs.
        if (type.HasStatus && type.Storage != "nodes")
            tree.Remove("status");
        Shape(type, tree, options);
        var rules = RulesFor(type);
        rules?.Create?.Invoke(tree);
        rules?.Default?.Invoke(tree);
        Validate(type, null, tree, rules);
    }

    public void AdmitChange(ResourceType type, string subresource, JsonObject before, JsonObject after, WriteOptions options)
    {
        KeepSystemMetadata(before, after);
        KeepOtherHalf(type, subresource, before, after);
        Shape(type, after, options);
        var rules = RulesFor(type);
        if (subresource.Length == 0)
            rules?.Update?.Invoke(before, after);
        rules?.Default?.Invoke(after);
        Validate(type, before, after, rules);
    }

    public void AdmitRemoval(ResourceType type, StoredObject current)
    {
        if (type.Storage == "namespaces" && current.Name is "default" or "kube-system" or "kube-public" && type.Storage == "namespaces")
            throw ApiException.Forbidden(type, current.Name, "this namespace may not be deleted");
    }

    public void Stored(ResourceType type, StoredObject stored) => Observe?.Invoke(type, stored, false);

    public void Removed(ResourceType type, StoredObject removed) => Observe?.Invoke(type, removed, true);

    private KindRules? RulesFor(ResourceType type) => _rules.GetValueOrDefault(type.Storage);

    private static void KeepSystemMetadata(JsonObject before, JsonObject after)
    {
        var (old, metadata) = (before.Child("metadata"), after.Child("metadata"));
        // An empty list is a request to forget who manages what; anything else a client sends of it is ignored.
        var forget = metadata["managedFields"] is JsonArray { Count: 0 };
        foreach (var name in SystemMetadata)
        {
            if (old[name] is { } value && !(forget && name == "managedFields"))
                metadata[name] = value.DeepClone();
            else
                metadata.Remove(name);
        }
        if (old["namespace"] is { } scope)
            metadata["namespace"] = scope.DeepClone();
    }

    /// <summary>The status subresource changes status alone, everything else leaves it alone.</summary>
    private static void KeepOtherHalf(ResourceType type, string subresource, JsonObject before, JsonObject after)
    {
        if (subresource == "status")
        {
            foreach (var name in before.Select(p => p.Key).Union(after.Select(p => p.Key), StringComparer.Ordinal).ToList())
            {
                if (name != "status")
                    Copy(before, after, name);
            }
        }
        else if (type.HasStatus && subresource.Length == 0)
        {
            Copy(before, after, "status");
        }
    }

    private static void Copy(JsonObject from, JsonObject to, string name)
    {
        if (from.TryGetPropertyValue(name, out var value))
            to[name] = value?.DeepClone();
        else
            to.Remove(name);
    }

    private static void Shape(ResourceType type, JsonObject tree, WriteOptions options)
    {
        var unknown = new List<string>();
        if (!type.IsCustom)
            BuiltInDecoding.RequireTypes(type, tree);
        Shaping.Prune(tree, type.Schema, "", unknown);
        Complain(type, [.. options.Problems, .. unknown.Select(f => $"unknown field \"{f}\"")], options);
        Shaping.DropNulls(tree, type.Schema);
        Shaping.ApplyDefaults(tree, type.Schema);
    }

    private static void Complain(ResourceType type, IReadOnlyList<string> problems, WriteOptions options)
    {
        if (problems.Count == 0 || options.FieldValidation == "Ignore")
            return;
        if (options.FieldValidation == "Warn")
        {
            options.Warnings.AddRange(problems.Except(options.Warnings, StringComparer.Ordinal));
            return;
        }
        var message = $"strict decoding error: {string.Join(", ", problems)}";
        throw ApiException.BadRequest(type.IsCustom
            ? message
            : $"{type.Kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: {message}");
    }

    private static void Validate(ResourceType type, JsonObject? before, JsonObject tree, KindRules? rules)
    {
        var errors = new List<FieldError>();
        MetadataRules.Check(type, tree, errors);
        Validation.Check(tree, type.Schema, "", errors);
        rules?.Validate?.Invoke(before, tree, errors);
        if (errors.Count > 0)
            throw ApiException.Invalid(type, tree.TextAt("metadata", "name") ?? "", errors);
    }
}
