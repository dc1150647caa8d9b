using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>CustomResourceDefinitions: names filled in, schemas checked, and the status that says they are served.</summary>
internal static class DefinitionRules
{
    private const string Cleanup = "customresourcecleanup.apiextensions.k8s.io";

    public static KindRules For(TimeProvider time) => new()
    {
        Create = tree =>
        {
            tree.Child("metadata")["finalizers"] = new JsonArray(Cleanup);
            DefaultNames(tree);
            var now = Timestamps.Format(time.GetUtcNow());
            tree["status"] = new JsonObject
            {
                ["acceptedNames"] = tree.At("spec", "names")?.DeepClone(),
                ["conditions"] = new JsonArray(
                    Condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
                    Condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now)),
                ["storedVersions"] = new JsonArray(StorageVersion(tree)),
            };
        },
        Update = (before, after) =>
        {
            DefaultNames(after);
            after.Child("status")["acceptedNames"] = after.At("spec", "names")?.DeepClone();
            var stored = after.Child("status")["storedVersions"] as JsonArray ?? [];
            if (!stored.Any(v => JsonTree.AsText(v) == StorageVersion(after)))
                stored.Add(StorageVersion(after));
        },
        Validate = (_, tree, errors) => Check(tree, errors),
    };

    public static string StorageVersion(JsonObject definition) =>
        Versions(definition).FirstOrDefault(v => IsSet(v, "storage")).TextAt("name") ?? "";

    public static IEnumerable<JsonObject> Versions(JsonObject definition) =>
        (definition.At("spec", "versions") as JsonArray ?? []).OfType<JsonObject>();

    public static bool IsSet(JsonObject version, string flag) =>
        version[flag] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.True;

    private static void DefaultNames(JsonObject tree)
    {
        var names = tree.Child("spec").Child("names");
        names["singular"] ??= names.TextAt("kind")?.ToLowerInvariant();
        names["listKind"] ??= names.TextAt("kind") + "List";
        tree.Child("spec")["conversion"] ??= new JsonObject { ["strategy"] = "None" };
    }

    private static JsonObject Condition(string type, string reason, string message, string now) => new()
    {
        ["lastTransitionTime"] = now, ["message"] = message, ["reason"] = reason, ["status"] = "True", ["type"] = type,
    };

    private static void Check(JsonObject tree, List<FieldError> errors)
    {
        var expected = $"{tree.TextAt("spec", "names", "plural")}.{tree.TextAt("spec", "group")}";
        if (tree.TextAt("metadata", "name") != expected)
            errors.Add(FieldError.Invalid("metadata.name", tree.TextAt("metadata", "name"), "must be spec.names.plural+\".\"+spec.group"));
        foreach (var field in (string[])["plural", "kind"])
        {
            if (tree.TextAt("spec", "names", field) is not { Length: > 0 })
                errors.Add(FieldError.Required("spec.names." + field));
        }
        if (tree.TextAt("spec", "scope") is not ("Namespaced" or "Cluster"))
            errors.Add(FieldError.NotSupported("spec.scope", tree.At("spec", "scope")?.DeepClone(), ["Cluster", "Namespaced"]));
        if (tree.TextAt("spec", "conversion", "strategy") is not (null or "None"))
            errors.Add(FieldError.NotSupported("spec.conversion.strategy", tree.At("spec", "conversion", "strategy")?.DeepClone(), ["None"]));
        CheckVersions(tree, errors);
    }

    private static void CheckVersions(JsonObject tree, List<FieldError> errors)
    {
        var versions = Versions(tree).ToList();
        if (versions.Count(v => IsSet(v, "storage")) != 1)
            errors.Add(FieldError.Invalid("spec.versions", tree.At("spec", "versions")?.DeepClone(), "must have exactly one version marked as storage version"));
        for (var i = 0; i < versions.Count; i++)
        {
            var path = $"spec.versions[{i}].schema.openAPIV3Schema";
            if (versions[i].At("schema", "openAPIV3Schema") is not { } schema)
            {
                errors.Add(FieldError.Required(path, "schemas are required"));
                continue;
            }
            try
            {
                SchemaReader.Read(schema);
            }
            catch (FormatException e)
            {
                errors.Add(FieldError.Invalid(path, "", e.Message));
            }
        }
    }
}
