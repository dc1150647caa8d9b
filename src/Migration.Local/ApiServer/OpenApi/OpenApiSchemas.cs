using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Definitions of one document: kinds, and the named types they are made of.</summary>
internal sealed class OpenApiSchemas(int version)
{
    private static readonly HashSet<string> MetaTypes = new(StringComparer.Ordinal)
    {
        "ObjectMeta", "OwnerReference", "LabelSelector", "LabelSelectorRequirement", "Condition",
    };

    /// <summary>Keywords of structural schemas that OpenAPI v2 does not have.</summary>
    private static readonly string[] NotInV2 = ["anyOf", "oneOf", "allOf", "not", "nullable"];

    public JsonObject Definitions { get; } = [];

    public string Reference(ResourceType type) => Prefix + NameOf(type);

    private string Prefix => version == 3 ? "#/components/schemas/" : "#/definitions/";

    public void AddKind(ResourceType type)
    {
        var definition = type.PublishedSchema is { } published ? Custom(published) : Members(type.Schema);
        definition["x-kubernetes-group-version-kind"] = new JsonArray(GroupVersionKind(type));
        Definitions[NameOf(type)] = definition;
    }

    public static JsonObject GroupVersionKind(ResourceType type) => new() { ["group"] = type.Group, ["version"] = type.Version, ["kind"] = type.Kind };

    private static string NameOf(ResourceType type)
    {
        if (type.IsCustom)
            return $"{string.Join('.', type.Group.Split('.').Reverse())}.{type.Version}.{type.Kind}";
        var group = type.Group.Length == 0 ? "core" : type.Group.Split('.')[0];
        return $"io.k8s.api.{group}.{type.Version}.{type.Kind}";
    }

    private JsonObject Custom(JsonObject published)
    {
        var definition = published.Clone();
        var properties = definition.Child("properties");
        properties["apiVersion"] ??= new JsonObject { ["type"] = "string", ["description"] = "Version of the schema that the object follows." };
        properties["kind"] ??= new JsonObject { ["type"] = "string", ["description"] = "Kind of the object, as a CamelCase word." };
        properties["metadata"] = Named(BuiltInSchemas.ObjectMeta);
        if (version == 2)
            ReduceToV2(definition, true);
        return definition;
    }

    /// <summary>
    /// What OpenAPI v2 cannot say must not be said: kubectl would refuse objects that are valid. So unknown, nullable and int-or-string values
    /// lose what they say about their insides, as in Kubernetes' own documents.
    /// </summary>
    private static void ReduceToV2(JsonObject schema, bool isRoot)
    {
        var nullable = IsSet(schema, "nullable");
        foreach (var name in NotInV2)
            schema.Remove(name);
        if (IsSet(schema, "x-kubernetes-preserve-unknown-fields") && !isRoot)
            Drop(schema, "properties", "items");
        if (nullable)
            Drop(schema, "type", "properties", "items");
        if (IsSet(schema, "x-kubernetes-int-or-string"))
            schema.Remove("type");
        foreach (var (_, property) in schema["properties"] as JsonObject ?? [])
        {
            if (property is JsonObject child && !child.ContainsKey("$ref"))
                ReduceToV2(child, false);
        }
        foreach (var name in (string[])["items", "additionalProperties"])
        {
            if (schema[name] is JsonObject child)
                ReduceToV2(child, false);
        }
    }

    private static bool IsSet(JsonObject schema, string name) => schema[name]?.GetValueKind() == System.Text.Json.JsonValueKind.True;

    private static void Drop(JsonObject schema, params string[] names)
    {
        foreach (var name in names)
            schema.Remove(name);
    }

    private JsonObject Describe(Schema schema) => schema.TypeName is not null ? Named(schema) : Members(schema);

    private JsonObject Named(Schema schema)
    {
        var name = (MetaTypes.Contains(schema.TypeName!) ? "io.k8s.apimachinery.pkg.apis.meta.v1." : "io.k8s.api.core.v1.") + schema.TypeName;
        if (!Definitions.ContainsKey(name))
        {
            // Entered before it is filled: types refer to themselves.
            Definitions[name] = new JsonObject();
            Definitions[name] = Members(schema);
        }
        return new JsonObject { ["$ref"] = Prefix + name };
    }

    private JsonObject Members(Schema schema)
    {
        var json = new JsonObject();
        if (schema.Description.Length > 0)
            json["description"] = schema.Description;
        if (schema.IntOrString)
            DescribeIntOrString(json, schema.Format);
        else if (schema.Type.Length > 0)
            json["type"] = schema.Type;
        if (schema.Format.Length > 0)
            json["format"] = schema.Format;
        if (schema.Default is not null)
            json["default"] = schema.Default.DeepClone();
        if (schema.Enum is { } values)
            json["enum"] = new JsonArray([.. values.Select(v => v?.DeepClone())]);
        if (schema.Properties.Count > 0)
            json["properties"] = new JsonObject(schema.Properties.Select(p => KeyValuePair.Create(p.Key, (JsonNode?)Describe(p.Value))));
        if (schema.Required.Count > 0)
            json["required"] = new JsonArray([.. schema.Required.Select(r => JsonValue.Create(r))]);
        if (schema.AdditionalProperties is { } additional)
            json["additionalProperties"] = Describe(additional);
        if (schema.Items is { } items)
            json["items"] = Describe(items);
        if (schema.PreserveUnknownFields && version == 3)
            json["x-kubernetes-preserve-unknown-fields"] = true;
        AddMergeKeys(json, schema);
        return json;
    }

    private void DescribeIntOrString(JsonObject json, string format)
    {
        if (version == 2)
            json["type"] = "string";
        else
            json["oneOf"] = new JsonArray(
                new JsonObject { ["type"] = format == "quantity" ? "number" : "integer" }, new JsonObject { ["type"] = "string" });
    }

    private static void AddMergeKeys(JsonObject json, Schema schema)
    {
        if (schema.PatchMergeKey is { } key)
        {
            json["x-kubernetes-patch-merge-key"] = key;
            json["x-kubernetes-patch-strategy"] = schema.Items?.TypeName == "Volume" ? "merge,retainKeys" : "merge";
        }
        else if (schema.PatchMergesValues)
        {
            json["x-kubernetes-patch-strategy"] = "merge";
        }
        if (schema.Type != "array" || schema.ListType == "atomic")
            return;
        json["x-kubernetes-list-type"] = schema.ListType;
        if (schema.ListMapKeys.Count > 0)
            json["x-kubernetes-list-map-keys"] = new JsonArray([.. schema.ListMapKeys.Select(k => JsonValue.Create(k))]);
    }
}
