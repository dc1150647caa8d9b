using System.Text.Json.Nodes;

namespace Migration.Api.Tests;

/// <summary>Reading structural schemas as the API server does.</summary>
internal static class SchemaWalk
{
    /// <summary>The schema at a path such as <c>spec.networks[].pod</c>, or null; <c>{}</c> is any key of a map.</summary>
    public static JsonObject? At(JsonObject schema, string path)
    {
        JsonNode? at = schema;
        foreach (var part in path.Split('.'))
        {
            var name = part.TrimEnd('[', ']', '{', '}');
            at = at?["properties"]?[name];
            for (var i = 0; i < part.Count(c => c == '['); i++)
                at = at?["items"];
            if (part.EndsWith("{}", StringComparison.Ordinal))
                at = at?["additionalProperties"];
        }
        return at as JsonObject;
    }

    /// <summary>The fields of an object that the API server would drop.</summary>
    public static IEnumerable<string> Unknown(JsonObject schema, JsonNode? value, string path)
    {
        if (value is JsonArray list)
            return list.SelectMany((item, i) => Unknown((JsonObject)schema["items"]!, item, $"{path}[{i}]"));
        if (value is not JsonObject map || path == ".metadata")
            return [];
        if (schema["additionalProperties"] is JsonObject values)
            return map.SelectMany(pair => Unknown(values, pair.Value, $"{path}.{pair.Key}"));
        return map.SelectMany(pair => schema["properties"]?[pair.Key] is JsonObject known
            ? Unknown(known, pair.Value, $"{path}.{pair.Key}")
            : (bool?)schema["x-kubernetes-preserve-unknown-fields"] == true ? [] : [$"{path}.{pair.Key}"]);
    }
}
