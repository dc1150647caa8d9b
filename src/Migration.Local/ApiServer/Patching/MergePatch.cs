using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>JSON Merge Patch, RFC 7386: members replace, null removes.</summary>
internal static class MergePatch
{
    public static JsonObject Apply(JsonObject target, JsonObject patch) => (JsonObject)Merge(target, patch)!;

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var result = target is JsonObject map ? map.Clone() : [];
        foreach (var (name, change) in changes)
        {
            if (change is null)
                result.Remove(name);
            else
                result[name] = Merge(result[name], change);
        }
        return result;
    }
}
