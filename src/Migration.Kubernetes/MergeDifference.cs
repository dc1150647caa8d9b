using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>RFC 7386 backwards: the patch that makes <c>before</c> into <c>after</c>.</summary>
internal static class MergeDifference
{
    /// <summary>Null when nothing differs.</summary>
    public static JsonObject? Of(JsonObject before, JsonObject after)
    {
        var change = new JsonObject();
        foreach (var (name, was) in before)
            if (!after.ContainsKey(name) && was is not null)
                change[name] = null;
        foreach (var (name, now) in after)
        {
            var was = before[name];
            if (JsonNode.DeepEquals(was, now))
                continue;
            change[name] = was is JsonObject old && now is JsonObject young ? Of(old, young) : now?.DeepClone();
        }
        return change.Count == 0 ? null : change;
    }
}
