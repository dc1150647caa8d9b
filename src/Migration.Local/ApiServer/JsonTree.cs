using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Reading and writing of objects as mutable JSON trees. Parsing is eager, because <see cref="JsonNode"/>'s own lazy parsing throws on duplicate
/// keys at a surprising moment; here the last one wins, as in Kubernetes, and the duplicates are reported for strict decoding.
/// </summary>
internal static class JsonTree
{
    /// <summary>Deeper documents are refused: nothing in Kubernetes is that deep, and recursion must end.</summary>
    private const int MaxDepth = 200;

    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth };
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static JsonNode? Parse(ReadOnlyMemory<byte> utf8, List<string>? duplicates = null)
    {
        using var document = JsonDocument.Parse(utf8, DocumentOptions);
        return Build(document.RootElement, "", duplicates);
    }

    public static JsonObject ParseObject(ReadOnlyMemory<byte> utf8) =>
        Parse(utf8) as JsonObject ?? throw new JsonException("a JSON object was expected");

    public static JsonObject ParseObject(string json) => ParseObject(System.Text.Encoding.UTF8.GetBytes(json));

    public static JsonNode? From(JsonElement element) => Build(element, "", null);

    public static byte[] Serialize(JsonNode? node)
    {
        using var buffer = new MemoryStream(1024);
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            if (node is null)
                writer.WriteNullValue();
            else
                node.WriteTo(writer);
        }
        return buffer.ToArray();
    }

    /// <summary>The node's JSON on one line, for messages.</summary>
    public static string Text(JsonNode? node) => System.Text.Encoding.UTF8.GetString(Serialize(node));

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (node is not JsonObject map || !map.TryGetPropertyValue(name, out node))
                return null;
        }
        return node;
    }

    public static string? TextAt(this JsonNode? node, params ReadOnlySpan<string> path) => AsText(node.At(path));

    public static string? AsText(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    public static long? NumberAt(this JsonNode? node, params ReadOnlySpan<string> path) => AsNumber(node.At(path));

    public static long? AsNumber(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && long.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The object under <paramref name="name"/>, made when there is none.</summary>
    public static JsonObject Child(this JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child)
            return child;
        child = [];
        parent[name] = child;
        return child;
    }

    public static JsonObject Clone(this JsonObject node) => (JsonObject)node.DeepClone();

    /// <summary>Moves a node into another tree: a node has one parent only.</summary>
    public static JsonNode? Detached(this JsonNode? node) => node?.Parent is null ? node : node.DeepClone();

    public static bool Same(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    private static JsonNode? Build(JsonElement element, string path, List<string>? duplicates)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var map = new JsonObject();
                foreach (var property in element.EnumerateObject())
                {
                    var child = path.Length == 0 ? property.Name : path + "." + property.Name;
                    if (duplicates is not null && map.ContainsKey(property.Name))
                        duplicates.Add(child);
                    map[property.Name] = Build(property.Value, child, duplicates);
                }
                return map;
            case JsonValueKind.Array:
                var list = new JsonArray();
                foreach (var item in element.EnumerateArray())
                    list.Add(Build(item, $"{path}[{list.Count}]", duplicates));
                return list;
            case JsonValueKind.String:
                return JsonValue.Create(element.GetString());
            case JsonValueKind.True or JsonValueKind.False:
                return JsonValue.Create(element.GetBoolean());
            case JsonValueKind.Number:
                return element.TryGetInt64(out var number) ? JsonValue.Create(number) : JsonValue.Create(element.GetDouble());
            default:
                return null;
        }
    }
}
