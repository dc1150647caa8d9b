using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// A built-in kind with a value of the wrong type is not an invalid object but no object at all: 400 instead of 422, as from an API server
/// that decodes into structures.
/// </summary>
internal static class BuiltInDecoding
{
    public static void RequireTypes(ResourceType type, JsonObject tree) => Require(type, tree, type.Schema, "", type.Kind);

    private static void Require(ResourceType type, JsonNode? node, Schema schema, string path, string owner)
    {
        var found = Validation.TypeOf(node);
        if (!Fits(found, schema))
            throw ApiException.BadRequest($"{type.Kind} in version \"{type.Version}\" cannot be handled as a {type.Kind}: json: cannot unmarshal "
                + $"{GoName(found)} into Go struct field {owner}.{path} of type {GoType(schema)}");
        switch (node)
        {
            case JsonObject map:
                foreach (var (name, value) in map)
                {
                    if (schema.Field(name) is { } field)
                        Require(type, value, field, path.Length == 0 ? name : path + "." + name, schema.TypeName ?? owner);
                }
                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list)
                    Require(type, item, items, path, owner);
                break;
        }
    }

    private static bool Fits(string found, Schema schema) =>
        found == "null" || (schema.IntOrString ? found is "integer" or "string" or "number"
        : schema.Type.Length == 0 || schema.Type == found || (schema.Type == "number" && found == "integer"));

    private static string GoName(string type) => type switch { "boolean" => "bool", "integer" => "number", _ => type };

    private static string GoType(Schema schema) => schema.Type switch
    {
        "integer" => schema.Format.Length > 0 ? schema.Format : "int64",
        "boolean" => "bool",
        "array" => "[]" + (schema.Items?.TypeName ?? "string"),
        "object" => schema.TypeName ?? "map[string]string",
        var other => other,
    };
}
