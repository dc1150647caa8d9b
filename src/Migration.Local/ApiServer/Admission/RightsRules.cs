using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Roles say verbs, bindings keep their role.</summary>
internal static class RightsRules
{
    private const string ApiGroup = "rbac.authorization.k8s.io";

    public static KindRules Role { get; } = new() { Validate = (_, tree, errors) => CheckRules(tree, errors) };

    public static KindRules Binding { get; } = new()
    {
        Default = tree =>
        {
            foreach (var subject in (tree["subjects"] as JsonArray ?? []).OfType<JsonObject>())
            {
                if (subject.TextAt("kind") is "User" or "Group")
                    subject["apiGroup"] ??= ApiGroup;
            }
        },
        Validate = CheckBinding,
    };

    private static void CheckRules(JsonObject tree, List<FieldError> errors)
    {
        foreach (var (index, rule) in (tree["rules"] as JsonArray ?? []).Index())
        {
            var path = $"rules[{index}]";
            if (rule.At("verbs") is not JsonArray { Count: > 0 })
                errors.Add(FieldError.Required(path + ".verbs", "verbs must contain at least one value"));
            if (rule.At("nonResourceURLs") is JsonArray { Count: > 0 })
                continue;
            if (rule.At("apiGroups") is not JsonArray { Count: > 0 })
                errors.Add(FieldError.Required(path + ".apiGroups", "resource rules must supply at least one api group"));
            if (rule.At("resources") is not JsonArray { Count: > 0 })
                errors.Add(FieldError.Required(path + ".resources", "resource rules must supply at least one resource"));
        }
    }

    private static void CheckBinding(JsonObject? before, JsonObject tree, List<FieldError> errors)
    {
        if (before is not null && !JsonTree.Same(before["roleRef"], tree["roleRef"]))
            errors.Add(FieldError.Invalid("roleRef", tree["roleRef"]?.DeepClone(), "cannot change roleRef"));
        if (tree.TextAt("roleRef", "name") is not { Length: > 0 })
            errors.Add(FieldError.Required("roleRef.name"));
        if (tree.TextAt("roleRef", "kind") is not ("Role" or "ClusterRole"))
            errors.Add(FieldError.NotSupported("roleRef.kind", tree.At("roleRef", "kind")?.DeepClone(), ["ClusterRole", "Role"]));
        foreach (var (index, subject) in (tree["subjects"] as JsonArray ?? []).Index())
        {
            if (subject.TextAt("name") is not { Length: > 0 })
                errors.Add(FieldError.Required($"subjects[{index}].name"));
            if (subject.TextAt("kind") is not ("User" or "Group" or "ServiceAccount"))
                errors.Add(FieldError.NotSupported($"subjects[{index}].kind", subject.At("kind")?.DeepClone(), ["Group", "ServiceAccount", "User"]));
        }
    }
}
