using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The <c>autoscaling/v1 Scale</c> of an object: a view of three of its fields.</summary>
internal static class ScaleView
{
    /// <summary>For patching a Scale as if it were an object.</summary>
    public static ResourceType Type { get; } = new()
    {
        Group = "autoscaling", Version = "v1", Plural = "scales", Kind = "Scale", Namespaced = true, Storage = "", StorageApiVersion = "autoscaling/v1",
    };

    public static JsonObject Of(JsonObject tree, ScalePaths paths)
    {
        var metadata = new JsonObject();
        foreach (var name in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (tree.At("metadata", name) is { } value)
                metadata[name] = value.DeepClone();
        }
        var status = new JsonObject { ["replicas"] = Find(tree, paths.StatusReplicas)?.DeepClone() ?? 0 };
        if (paths.LabelSelector is { } selector && JsonTree.AsText(Find(tree, selector)) is { } text)
            status["selector"] = text;
        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = Find(tree, paths.SpecReplicas)?.DeepClone() ?? 0 },
            ["status"] = status,
        };
    }

    public static JsonObject Apply(JsonObject tree, JsonObject scale, ScalePaths paths)
    {
        var replicas = scale.NumberAt("spec", "replicas") ?? 0;
        if (replicas < 0)
            throw ApiException.Invalid("autoscaling", "Scale", tree.TextAt("metadata", "name") ?? "",
                [FieldError.Invalid("spec.replicas", replicas, "must be greater than or equal to 0")]);
        if (scale.TextAt("metadata", "resourceVersion") is { Length: > 0 } version)
            tree.Child("metadata")["resourceVersion"] = version;
        var names = Split(paths.SpecReplicas);
        var holder = tree;
        foreach (var name in names[..^1])
            holder = holder.Child(name);
        holder[names[^1]] = replicas;
        return tree;
    }

    private static JsonNode? Find(JsonObject tree, string path) => tree.At(Split(path));

    private static string[] Split(string path) => path.Split('.', StringSplitOptions.RemoveEmptyEntries);
}
