using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Objects as rows, so that kubectl need not know their kind.</summary>
internal static class Table
{
    /// <param name="include">None, Metadata (the default) or Object: what each row carries besides its cells.</param>
    public static JsonObject Build(ResourceType type, IReadOnlyList<StoredObject> objects, JsonObject listMetadata, string version,
        string include, bool withColumns, DateTimeOffset now)
    {
        // Rows are made from the form that the columns were written for, which is the stored one.
        var rows = new JsonArray();
        foreach (var item in objects)
            rows.Add(Row(type, item, version, include, now));
        return new JsonObject
        {
            ["kind"] = "Table",
            ["apiVersion"] = $"meta.k8s.io/{version}",
            ["metadata"] = listMetadata,
            ["columnDefinitions"] = withColumns ? Columns(type) : [],
            ["rows"] = rows,
        };
    }

    public static JsonObject PartialMetadata(StoredObject item, string version) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = $"meta.k8s.io/{version}",
        ["metadata"] = item.ToTree()["metadata"]?.DeepClone(),
    };

    private static JsonArray Columns(ResourceType type) =>
        new([.. type.Columns.Select(c => new JsonObject
        {
            ["name"] = c.Name, ["type"] = c.Type, ["format"] = c.Format, ["description"] = c.Description, ["priority"] = c.Priority,
        })]);

    private static JsonObject Row(ResourceType type, StoredObject item, string version, string include, DateTimeOffset now)
    {
        var row = new JsonObject { ["cells"] = new JsonArray([.. type.Columns.Select(c => c.Cell(item.Root, now))]) };
        row["object"] = include switch
        {
            "None" => null,
            "Object" => Conversion.Tree(item, type),
            _ => PartialMetadata(item, version),
        };
        return row;
    }
}
