using System.Text.Json.Nodes;

namespace Migration.Controllers.VirtualMachines;

/// <summary>Where two documents differ, as the paths of fields. An absent field and null are the same.</summary>
public static class JsonDifference
{
    public static IReadOnlyList<string> Paths(string path, JsonNode? before, JsonNode? after) => [.. Of(path, before, after)];

    private static IEnumerable<string> Of(string path, JsonNode? before, JsonNode? after) => (before, after) switch
    {
        (null, null) => [],
        (JsonObject one, JsonObject other) => one.Select(member => member.Key).Union(other.Select(member => member.Key)).SelectMany(key => Of($"{path}.{key}", one[key], other[key])),
        (JsonArray one, JsonArray other) when one.Count == other.Count => Enumerable.Range(0, one.Count).SelectMany(i => Of($"{path}[{i}]", one[i], other[i])),
        var (one, other) => JsonNode.DeepEquals(one, other) ? [] : [path],
    };
}
