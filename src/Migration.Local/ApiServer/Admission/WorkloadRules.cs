using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Deployments and DaemonSets: how pods are replaced, and that the selector is the template's and stays.</summary>
internal static class WorkloadRules
{
    public static KindRules Deployment { get; } = new()
    {
        Default = tree => DefaultStrategy(tree, "strategy", "25%", "25%"),
        Validate = Check,
    };

    public static KindRules DaemonSet { get; } = new()
    {
        Default = tree => DefaultStrategy(tree, "updateStrategy", 0, 1),
        Validate = Check,
    };

    private static void DefaultStrategy(JsonObject tree, string field, JsonNode surge, JsonNode unavailable)
    {
        var strategy = tree.Child("spec").Child(field);
        strategy["type"] ??= "RollingUpdate";
        if (strategy.TextAt("type") != "RollingUpdate")
            return;
        strategy.Child("rollingUpdate")["maxSurge"] ??= surge;
        strategy.Child("rollingUpdate")["maxUnavailable"] ??= unavailable;
    }

    private static void Check(JsonObject? before, JsonObject tree, List<FieldError> errors)
    {
        var selector = tree.At("spec", "selector");
        if (before is not null && !JsonTree.Same(before.At("spec", "selector"), selector))
            errors.Add(FieldError.Invalid("spec.selector", selector?.DeepClone(), "field is immutable"));
        if (tree.At("spec", "template") is not JsonObject template)
            return;
        var labels = LabelConditions.LabelsOf(template);
        if (!LabelConditions.Match(System.Text.Json.JsonSerializer.SerializeToElement(selector), labels))
            errors.Add(FieldError.Invalid("spec.template.metadata.labels", template.At("metadata", "labels")?.DeepClone(), "`selector` does not match template `labels`"));
        if (template.At("spec", "containers") is not JsonArray { Count: > 0 })
            errors.Add(FieldError.Required("spec.template.spec.containers"));
    }
}
