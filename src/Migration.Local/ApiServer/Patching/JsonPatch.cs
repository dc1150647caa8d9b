using System.Globalization;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>JSON Patch, RFC 6902: a list of operations, all of which must succeed.</summary>
internal static class JsonPatch
{
    private const int MostOperations = 10_000;

    /// <summary>What all copies of one patch may add up to: a few dozen operations can otherwise double a document for ever.</summary>
    private const int MostCopied = 3 * 1024 * 1024;

    /// <exception cref="ApiException">400 when it is no patch, 422 when it cannot be applied to this object.</exception>
    public static JsonObject Apply(JsonObject target, JsonNode? patch)
    {
        if (patch is not JsonArray operations || operations.Any(o => o is not JsonObject))
            throw ApiException.BadRequest("error decoding patch: json: cannot unmarshal into Go value of type jsonpatch.Patch");
        if (operations.Count > MostOperations)
            throw new ApiException(413, "RequestEntityTooLarge",
                $"The allowed maximum operations in a JSON patch is {MostOperations}, got {operations.Count}");
        JsonNode? document = target.Clone();
        var copied = 0;
        foreach (var operation in operations)
            document = Perform(document, (JsonObject)operation!, ref copied);
        return document as JsonObject ?? throw Refused("the patched document is not an object");
    }

    private static JsonNode? Perform(JsonNode? document, JsonObject operation, ref int copied)
    {
        var path = Pointer(operation, "path");
        switch (operation.TextAt("op"))
        {
            case "add":
                return Add(document, path, Value(operation));
            case "remove":
                return Remove(document, path, out _);
            case "replace":
                return Replace(document, path, Value(operation));
            case "move":
                document = Remove(document, Pointer(operation, "from"), out var moved);
                return Add(document, path, moved);
            case "copy":
                return Add(document, path, Copy(Find(document, Pointer(operation, "from")), ref copied));
            case "test":
                if (!JsonTree.Same(Find(document, path), operation["value"]))
                    throw Refused($"testing path {operation.TextAt("path")} failed");
                return document;
            default:
                throw Refused($"Unexpected kind: {operation.TextAt("op")}");
        }
    }

    private static JsonNode? Copy(JsonNode? original, ref int copied)
    {
        copied += JsonTree.Serialize(original).Length;
        return copied <= MostCopied
            ? original?.DeepClone()
            : throw Refused($"Unable to copy, the accumulated size increase of copy is {copied}, exceeding the limit {MostCopied}");
    }

    private static JsonNode? Add(JsonNode? document, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        switch (Find(document, path[..^1]))
        {
            case JsonObject map:
                map[path[^1]] = value;
                break;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                break;
            case JsonArray list:
                list.Insert(Index(path, list.Count), value);
                break;
            default:
                throw Missing("add", path);
        }
        return document;
    }

    private static JsonNode? Remove(JsonNode? document, string[] path, out JsonNode? removed)
    {
        if (path.Length == 0)
            throw Refused("the whole document cannot be removed");
        switch (Find(document, path[..^1]))
        {
            case JsonObject map when map.Remove(path[^1], out removed):
                break;
            case JsonArray list:
                var index = Index(path, list.Count - 1);
                removed = list[index];
                list.RemoveAt(index);
                break;
            default:
                throw Missing("remove", path);
        }
        return document;
    }

    private static JsonNode? Replace(JsonNode? document, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        switch (Find(document, path[..^1]))
        {
            case JsonObject map when map.ContainsKey(path[^1]):
                map[path[^1]] = value;
                break;
            case JsonArray list:
                list[Index(path, list.Count - 1)] = value;
                break;
            default:
                throw Missing("replace", path);
        }
        return document;
    }

    private static JsonNode? Find(JsonNode? document, string[] path)
    {
        for (var i = 0; i < path.Length; i++)
        {
            document = document switch
            {
                JsonObject map when map.TryGetPropertyValue(path[i], out var member) => member,
                JsonArray list => list[Index(path[..(i + 1)], list.Count - 1)],
                _ => throw Missing("find", path),
            };
        }
        return document;
    }

    private static int Index(string[] path, int most) =>
        int.TryParse(path[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index <= most
            ? index
            : throw Refused($"Unable to access invalid index: {path[^1]}: invalid index referenced at /{string.Join('/', path)}");

    private static string[] Pointer(JsonObject operation, string name)
    {
        var text = operation.TextAt(name) ?? throw Refused($"operation has no {name}");
        if (text.Length == 0)
            return [];
        if (text[0] != '/')
            throw Refused($"{name} \"{text}\" does not begin with /");
        return [.. text[1..].Split('/').Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value) ? value?.DeepClone() : throw Refused("operation has no value");

    private static ApiException Missing(string operation, string[] path) =>
        Refused($"{operation} operation does not apply: doc is missing path: /{string.Join('/', path)}: missing value");

    private static ApiException Refused(string why) =>
        new(422, "Invalid", $"the server rejected our request due to an error in our request: {why}", new JsonObject());
}
