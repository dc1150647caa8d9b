using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Migration.Local.ApiServer;

/// <summary>Reads an <c>openAPIV3Schema</c> of a CustomResourceDefinition.</summary>
internal static class SchemaReader
{
    /// <summary>A pattern comes from a user: matching must end. .NET's linear-time engine lacks look-arounds and back-references, as Go's does.</summary>
    private const RegexOptions PatternOptions = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <exception cref="FormatException">The schema is not one; the message names the place.</exception>
    public static Schema Read(JsonNode? node, string path = "")
    {
        if (node is not JsonObject source)
            throw new FormatException($"{path}: a schema must be an object");
        return new Schema
        {
            Description = source.TextAt("description") ?? "",
            Type = source.TextAt("type") ?? "",
            Format = source.TextAt("format") ?? "",
            Properties = ReadProperties(source["properties"], path),
            Required = Texts(source["required"]),
            AdditionalProperties = ReadAdditional(source["additionalProperties"], path),
            Items = source["items"] is { } items ? Read(items, path + ".items") : null,
            PreserveUnknownFields = Flag(source, "x-kubernetes-preserve-unknown-fields"),
            IntOrString = Flag(source, "x-kubernetes-int-or-string"),
            EmbeddedResource = Flag(source, "x-kubernetes-embedded-resource"),
            Nullable = Flag(source, "nullable"),
            Default = source["default"]?.DeepClone(),
            Enum = source["enum"] is JsonArray values ? [.. values.Select(v => v?.DeepClone())] : null,
            Pattern = ReadPattern(source.TextAt("pattern"), path),
            Minimum = Number(source["minimum"]),
            Maximum = Number(source["maximum"]),
            ExclusiveMinimum = Flag(source, "exclusiveMinimum"),
            ExclusiveMaximum = Flag(source, "exclusiveMaximum"),
            MultipleOf = Number(source["multipleOf"]),
            MinLength = source.NumberAt("minLength"),
            MaxLength = source.NumberAt("maxLength"),
            MinItems = source.NumberAt("minItems"),
            MaxItems = source.NumberAt("maxItems"),
            UniqueItems = Flag(source, "uniqueItems"),
            MinProperties = source.NumberAt("minProperties"),
            MaxProperties = source.NumberAt("maxProperties"),
            AllOf = ReadList(source["allOf"], path + ".allOf"),
            AnyOf = ReadList(source["anyOf"], path + ".anyOf"),
            OneOf = ReadList(source["oneOf"], path + ".oneOf"),
            Not = source["not"] is { } not ? Read(not, path + ".not") : null,
            ListType = source.TextAt("x-kubernetes-list-type") ?? "atomic",
            ListMapKeys = Texts(source["x-kubernetes-list-map-keys"]),
            AtomicMap = source.TextAt("x-kubernetes-map-type") == "atomic",
        };
    }

    private static Dictionary<string, Schema> ReadProperties(JsonNode? node, string path) =>
        node is JsonObject map
            ? map.ToDictionary(p => p.Key, p => Read(p.Value, path.Length == 0 ? p.Key : path + "." + p.Key), StringComparer.Ordinal)
            : [];

    private static Schema? ReadAdditional(JsonNode? node, string path) => node switch
    {
        null => null,
        JsonObject => Read(node, path + ".*"),
        _ when node.GetValueKind() == System.Text.Json.JsonValueKind.True => Schema.Anything,
        _ => null,
    };

    private static List<Schema> ReadList(JsonNode? node, string path) =>
        node is JsonArray list ? [.. list.Select((s, i) => Read(s, $"{path}[{i}]"))] : [];

    private static Regex? ReadPattern(string? pattern, string path)
    {
        if (pattern is null)
            return null;
        try
        {
            return new Regex(pattern, PatternOptions);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new FormatException($"{path}.pattern: {e.Message}", e);
        }
    }

    private static IReadOnlyList<string> Texts(JsonNode? node) =>
        node is JsonArray list ? [.. list.Select(JsonTree.AsText).OfType<string>()] : [];

    private static bool Flag(JsonObject source, string name) =>
        source[name] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.True;

    private static double? Number(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture)
            : null;
}
