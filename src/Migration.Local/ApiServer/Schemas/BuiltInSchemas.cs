namespace Migration.Local.ApiServer;

/// <summary>Shapes of the built-in kinds.</summary>
internal static class BuiltInSchemas
{
    private static readonly IReadOnlyDictionary<string, Schema> Types = SchemaText.Read(BuiltInSchemaText.All);

    /// <summary>The shape of a whole object of a built-in kind.</summary>
    public static Schema Root(string kind, string apiVersion)
    {
        // Two API groups may use one name for different things, as events do.
        var own = apiVersion == "events.k8s.io/v1" ? "EventsEvent" : kind;
        return AsObject(Types.GetValueOrDefault(own) ?? Schema.Anything);
    }

    public static Schema ObjectMeta => Types["ObjectMeta"];

    public static Schema? Named(string type) => Types.GetValueOrDefault(type);

    public static IReadOnlyDictionary<string, Schema> All => Types;

    /// <summary>The schema with the members that every object has.</summary>
    public static Schema AsObject(Schema schema)
    {
        var members = new Dictionary<string, Schema>(schema.Properties, StringComparer.Ordinal)
        {
            ["apiVersion"] = new() { Type = "string", Description = "Version of the schema that the object follows." },
            ["kind"] = new() { Type = "string", Description = "Kind of the object, as a CamelCase word." },
            ["metadata"] = ObjectMeta,
        };
        return new Schema
        {
            TypeName = schema.TypeName,
            Description = schema.Description,
            Type = "object",
            Properties = members,
            Required = schema.Required,
            AdditionalProperties = schema.AdditionalProperties,
            PreserveUnknownFields = schema.PreserveUnknownFields,
            AllOf = schema.AllOf,
            AnyOf = schema.AnyOf,
            OneOf = schema.OneOf,
            Not = schema.Not,
        };
    }
}
