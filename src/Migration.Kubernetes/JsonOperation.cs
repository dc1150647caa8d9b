using System.Text.Json.Nodes;

namespace Migration.Kubernetes;

/// <summary>One operation of a JSON patch (RFC 6902).</summary>
public sealed record JsonOperation
{
    private JsonOperation(string name, string path, JsonNode? value) => (Name, Path, Value) = (name, path, value);

    public string Name { get; }

    public string Path { get; }

    public JsonNode? Value { get; }

    public static JsonOperation Add(string path, JsonNode? value) => new("add", path, value);

    public static JsonOperation Replace(string path, JsonNode? value) => new("replace", path, value);

    public static JsonOperation Remove(string path) => new("remove", path, null);

    /// <summary>The patch does nothing unless this value is there.</summary>
    public static JsonOperation Test(string path, JsonNode? value) => new("test", path, value);

    /// <summary>A member's name as a path segment (RFC 6901 §3).</summary>
    public static string Escape(string member) => member.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    internal JsonNode ToNode()
    {
        var node = new JsonObject { ["op"] = Name, ["path"] = Path };
        if (Name != "remove")
            node["value"] = Value?.DeepClone();
        return node;
    }
}
