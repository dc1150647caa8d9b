using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Pruning of fields the schema does not know, removal of meaningless nulls, and defaulting: all in place.</summary>
internal static class Shaping
{
    /// <summary>Drops unknown fields and reports their paths, for warnings and strict decoding.</summary>
    public static void Prune(JsonNode? node, Schema schema, string path, List<string> unknown)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (name, value) in map.ToList())
                    PruneMember(map, name, value, schema, path, unknown);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                    Prune(list[i], items, $"{path}[{i}]", unknown);
                break;
        }
    }

    /// <summary>Null for a field that may not be null means that it was not given.</summary>
    public static void DropNulls(JsonNode? node, Schema schema)
    {
        if (node is JsonObject map)
        {
            foreach (var (name, value) in map.ToList())
            {
                var field = schema.Field(name) ?? Schema.Anything;
                if (value is null && !field.Nullable && !field.PreserveUnknownFields && schema.Properties.ContainsKey(name))
                    map.Remove(name);
                else
                    DropNulls(value, field);
            }
        }
        else if (node is JsonArray list && schema.Items is { } items)
        {
            foreach (var item in list)
                DropNulls(item, items);
        }
    }

    public static void ApplyDefaults(JsonNode? node, Schema schema)
    {
        if (node is JsonObject map)
        {
            foreach (var (name, field) in schema.Properties)
            {
                if (field.Default is not null && map[name] is null && !(map.ContainsKey(name) && field.Nullable))
                    map[name] = field.Default.DeepClone();
            }
            foreach (var (name, value) in map.ToList())
            {
                if (value is JsonObject or JsonArray && schema.Field(name) is { } field)
                    ApplyDefaults(value, field);
            }
        }
        else if (node is JsonArray list && schema.Items is { } items)
        {
            foreach (var item in list)
                ApplyDefaults(item, items);
        }
    }

    private static void PruneMember(JsonObject map, string name, JsonNode? value, Schema schema, string path, List<string> unknown)
    {
        var child = path.Length == 0 ? name : path + "." + name;
        var field = schema.Field(name);
        if (field is null && schema.EmbeddedResource && name is "apiVersion" or "kind" or "metadata")
            return;
        if (field is not null)
        {
            Prune(value, field, child, unknown);
            return;
        }
        // A schema that says nothing about members and is no object (an alternative without a type) has nothing to prune by.
        if (schema.Type.Length == 0 && !schema.IsObject)
            return;
        map.Remove(name);
        unknown.Add(child);
    }
}
