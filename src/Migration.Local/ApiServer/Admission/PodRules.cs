using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Pods begin Pending, and little of their spec may change afterwards.</summary>
internal static class PodRules
{
    private const string Immutable =
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

    public static KindRules Rules { get; } = new()
    {
        Create = tree =>
        {
            var spec = tree.Child("spec");
            spec["serviceAccountName"] ??= "default";
            spec["serviceAccount"] = spec["serviceAccountName"]!.DeepClone();
            tree["status"] = new JsonObject { ["phase"] = "Pending", ["qosClass"] = QualityOfService(spec) };
        },
        // Only the binding subresource, which does not come this way, chooses the node.
        Update = (before, after) =>
        {
            if (before.TextAt("spec", "nodeName") != after.TextAt("spec", "nodeName"))
                throw ApiException.Invalid("", "Pod", before.TextAt("metadata", "name") ?? "", [FieldError.Forbidden("spec", Immutable)]);
        },
        Default = tree =>
        {
            foreach (var container in Containers(tree))
            {
                container["imagePullPolicy"] ??= PullPolicy(container.TextAt("image"));
                DefaultRequests(container);
            }
        },
        Validate = (before, tree, errors) =>
        {
            CheckContainers(tree, errors);
            if (before is not null)
                CheckUnchanged(before, tree, errors);
        },
    };

    private static IEnumerable<JsonObject> Containers(JsonObject tree) =>
        (tree.At("spec", "initContainers") as JsonArray ?? []).Concat(tree.At("spec", "containers") as JsonArray ?? []).OfType<JsonObject>();

    private static string PullPolicy(string? image)
    {
        var tag = image?[(image.LastIndexOf('/') + 1)..] ?? "";
        return tag.Contains('@', StringComparison.Ordinal) || (tag.Contains(':', StringComparison.Ordinal) && !tag.EndsWith(":latest", StringComparison.Ordinal))
            ? "IfNotPresent" : "Always";
    }

    /// <summary>Who limits a resource without requesting it requests the limit.</summary>
    private static void DefaultRequests(JsonObject container)
    {
        foreach (var (name, limit) in container.At("resources", "limits") as JsonObject ?? [])
            container.Child("resources").Child("requests")[name] ??= limit?.DeepClone();
    }

    private static string QualityOfService(JsonObject spec)
    {
        var containers = (spec["containers"] as JsonArray ?? []).OfType<JsonObject>().ToList();
        if (!containers.Any(c => c.At("resources", "limits") is JsonObject { Count: > 0 } || c.At("resources", "requests") is JsonObject { Count: > 0 }))
            return "BestEffort";
        var guaranteed = containers.All(c =>
            ((string[])["cpu", "memory"]).All(r => c.At("resources", "limits", r) is { } limit
                && (c.At("resources", "requests", r) is not { } request || JsonTree.Same(limit, request))));
        return guaranteed ? "Guaranteed" : "Burstable";
    }

    private static void CheckContainers(JsonObject tree, List<FieldError> errors)
    {
        if (tree.At("spec", "containers") is JsonArray { Count: 0 })
            errors.Add(FieldError.Required("spec.containers"));
        foreach (var field in (string[])["initContainers", "containers"])
        {
            var list = tree.At("spec", field) as JsonArray ?? [];
            for (var i = 0; i < list.Count; i++)
                CheckContainer(list[i], $"spec.{field}[{i}]", errors);
        }
    }

    private static void CheckContainer(JsonNode? container, string path, List<FieldError> errors)
    {
        if (container.TextAt("name") is { } name && Names.LabelError(name) is { } why)
            errors.Add(FieldError.Invalid(path + ".name", name, why));
        if (container.TextAt("image") is not { Length: > 0 })
            errors.Add(FieldError.Required(path + ".image"));
    }

    /// <summary>Images, deadline, grace of a deletion and added tolerations may change; resources do through their own subresource.</summary>
    private static void CheckUnchanged(JsonObject before, JsonObject after, List<FieldError> errors)
    {
        var (old, now) = (Fixed(before), Fixed(after));
        if (!JsonTree.Same(old, now))
            errors.Add(FieldError.Forbidden("spec", Immutable));
    }

    private static JsonObject Fixed(JsonObject pod)
    {
        var copy = new JsonObject { ["spec"] = pod["spec"]?.DeepClone() };
        foreach (var container in Containers(copy))
        {
            container.Remove("image");
            container.Remove("imagePullPolicy");
            container.Remove("resources");
        }
        var spec = copy.Child("spec");
        foreach (var name in (string[])["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates", "nodeName", "ephemeralContainers"])
            spec.Remove(name);
        return copy;
    }
}
