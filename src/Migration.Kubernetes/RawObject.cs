using System.Text.Json;

namespace Migration.Kubernetes;

/// <summary>The little that can be read from any object, whatever else is wrong with it.</summary>
internal static class RawObject
{
    public static ObjectKey Key(ReadOnlySpan<byte> json)
    {
        var metadata = Metadata(json);
        return new ObjectKey(Text(metadata, "namespace"), Text(metadata, "name"));
    }

    public static string ResourceVersion(ReadOnlySpan<byte> json) => Text(Metadata(json), "resourceVersion");

    private static JsonElement Metadata(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        var root = JsonElement.ParseValue(ref reader);
        return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("metadata", out var metadata) ? metadata : default;
    }

    private static string Text(JsonElement metadata, string name) =>
        metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
