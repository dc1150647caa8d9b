using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>One entry of <c>metadata.managedFields</c>: who set which fields, how, through which API version and subresource.</summary>
internal sealed record FieldManager(string Name, string Operation, string ApiVersion, string Subresource, string Time, FieldSet Fields)
{
    public bool Is(string name, string operation, string subresource) => Name == name && Operation == operation && Subresource == subresource;

    public static FieldManager Read(JsonNode? entry) => new(
        entry.TextAt("manager") ?? "", entry.TextAt("operation") ?? "", entry.TextAt("apiVersion") ?? "",
        entry.TextAt("subresource") ?? "", entry.TextAt("time") ?? "", FieldSet.Read(entry.At("fieldsV1")));

    public JsonObject ToJson()
    {
        var entry = new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = Fields.ToJson(),
            ["manager"] = Name,
            ["operation"] = Operation,
        };
        if (Subresource.Length > 0)
            entry["subresource"] = Subresource;
        entry["time"] = Time;
        return entry;
    }
}
