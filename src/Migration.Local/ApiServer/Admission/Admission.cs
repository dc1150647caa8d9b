using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Everything between what a client sent and what is stored, in Kubernetes' order: unknown fields, defaults, mutating webhooks, the kinds' own
/// rules, validation, validating webhooks.
/// </summary>
internal sealed class Admission(Store store, Webhooks webhooks, TimeProvider time)
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

    public async Task AdmitNewAsync(ResourceType type, JsonObject tree, WriteOptions options, CancellationToken ct)
    {
        BeginNew(type, tree, options);
        var request = new AdmissionRequest(AdmissionOperation.Create, type, "", KeyOf(tree), options.Caller)
        {
            Object = tree, Options = options.ToTree("CreateOptions"), DryRun = options.DryRun,
        };
        if (await webhooks.MutateAsync(request, options.Warnings, ct))
        {
            KeepSystemMetadata(request.Sent!, tree);
            Shape(type, tree, WriteOptions.Internal(""));
        }
        FinishNew(type, tree);
        await webhooks.ValidateAsync(request, options.Warnings, ct);
    }

    /// <summary>The same for an object of the server's own, which no webhook is asked about.</summary>
    public void AdmitOwn(ResourceType type, JsonObject tree, WriteOptions options)
    {
        BeginNew(type, tree, options);
        FinishNew(type, tree);
    }

    public async Task AdmitChangeAsync(
        ResourceType type, string subresource, JsonObject before, JsonObject after, WriteOptions options, CancellationToken ct)
    {
        KeepSystemMetadata(before, after);
        KeepOtherHalf(type, subresource, before, after);
        Shape(type, after, options);
        var request = new AdmissionRequest(AdmissionOperation.Update, type, subresource, KeyOf(before), options.Caller)
        {
            Object = after, OldObject = before, Options = options.ToTree("UpdateOptions"), DryRun = options.DryRun,
        };
        // Binding has a review of its own kind; finalizing a namespace is nobody's business.
        var asked = !options.IsOwn && subresource is not ("binding" or "finalize");
        if (asked && await webhooks.MutateAsync(request, options.Warnings, ct))
        {
            KeepSystemMetadata(before, after);
            KeepOtherHalf(type, subresource, before, after);
            Shape(type, after, WriteOptions.Internal(""));
        }
        var rules = RulesFor(type);
        if (subresource.Length == 0)
            rules?.Update?.Invoke(before, after);
        rules?.Default?.Invoke(after);
        Validate(type, before, after, rules);
        if (asked)
            await webhooks.ValidateAsync(request, options.Warnings, ct);
    }

    public async Task AdmitRemovalAsync(ResourceType type, StoredObject current, DeleteOptions options, CancellationToken ct)
    {
        if (type.Storage == "namespaces" && current.Name is "default" or "kube-system" or "kube-public" && type.Storage == "namespaces")
            throw ApiException.Forbidden(type, current.Name, "this namespace may not be deleted");
        var request = new AdmissionRequest(AdmissionOperation.Delete, type, "", current.Key, options.Caller)
        {
            OldObject = Conversion.Tree(current, type), Options = options.ToTree(), DryRun = options.DryRun,
        };
        await AdmitActionAsync(request, options.Warnings, ct);
    }

    /// <summary>A request that stores nothing of its own: a deletion, an eviction, a binding, a token, a connection.</summary>
    public async Task AdmitActionAsync(AdmissionRequest request, List<string> warnings, CancellationToken ct)
    {
        await webhooks.MutateAsync(request, warnings, ct);
        await webhooks.ValidateAsync(request, warnings, ct);
    }

    public void Stored(ResourceType type, StoredObject stored) => Observe?.Invoke(type, stored, false);

    public void Removed(ResourceType type, StoredObject removed) => Observe?.Invoke(type, removed, true);

    private static void BeginNew(ResourceType type, JsonObject tree, WriteOptions options)
    {
        // The status of a new object is the business of who acts on it; nodes are registered with theirs.
        if (type.HasStatus && type.Storage != "nodes")
            tree.Remove("status");
        Shape(type, tree, options);
    }

    private void FinishNew(ResourceType type, JsonObject tree)
    {
        if (type.HasStatus && type.Storage != "nodes")
            tree.Remove("status");
        var rules = RulesFor(type);
        rules?.Create?.Invoke(tree);
        rules?.Default?.Invoke(tree);
        Validate(type, null, tree, rules);
    }

    private static ObjectKey KeyOf(JsonObject tree) => new(tree.TextAt("metadata", "namespace") ?? "", tree.TextAt("metadata", "name") ?? "");

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
