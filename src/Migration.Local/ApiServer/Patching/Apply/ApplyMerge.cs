using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The two halves of an apply: putting in what is wanted, taking out what no longer is.</summary>
internal static class ApplyMerge
{
    public static JsonNode? Merge(JsonNode? current, JsonNode? applied, Schema schema)
    {
        switch (current, applied)
        {
            case (JsonObject now, JsonObject wanted) when !schema.AtomicMap:
                var result = now.Clone();
                foreach (var (name, value) in wanted)
                    result[name] = Merge(result[name], value, schema.Field(name) ?? Schema.Anything);
                return result;
            case (JsonArray now, JsonArray wanted) when schema.ListType is "map" or "set":
                return MergeItems(now, wanted, schema);
            default:
                return applied?.DeepClone();
        }
    }

    /// <summary>Removes the places of <paramref name="gone"/>, except those that <paramref name="kept"/> has or that lead to one it has.</summary>
    public static void Remove(JsonNode? value, FieldSet gone, FieldSet kept, Schema schema)
    {
        if (value is JsonObject map)
        {
            foreach (var (element, child) in gone.Children.Where(c => c.Key.StartsWith("f:", StringComparison.Ordinal)))
            {
                var name = element[2..];
                if (map.ContainsKey(name) && IsGone(map[name], child, kept.Child(element) ?? new FieldSet(), schema.Field(name) ?? Schema.Anything))
                    map.Remove(name);
            }
        }
        else if (value is JsonArray list && schema.ListType is "map" or "set")
        {
            foreach (var item in list.ToList())
            {
                var key = FieldSets.Key(item, schema);
                if (gone.Child(key) is { } child && IsGone(item, child, kept.Child(key) ?? new FieldSet(), schema.Items ?? Schema.Anything))
                    list.Remove(item);
            }
        }
    }

    /// <summary>Whether the place goes as a whole: it was given up and nobody has anything there, or it has become empty.</summary>
    private static bool IsGone(JsonNode? value, FieldSet gone, FieldSet kept, Schema schema)
    {
        if (gone.IsMember && kept.IsEmpty)
            return true;
        Remove(value, gone, kept, schema);
        return kept.IsEmpty && value is JsonObject { Count: 0 } or JsonArray { Count: 0 };
    }

    private static JsonArray MergeItems(JsonArray current, JsonArray applied, Schema schema)
    {
        var wanted = FieldSets.Items(applied, schema);
        var result = new JsonArray();
        foreach (var item in current)
        {
            var merged = wanted.Remove(FieldSets.Key(item, schema), out var change)
                ? Merge(item, change, schema.Items ?? Schema.Anything)
                : item?.DeepClone();
            result.Add(merged.Detached());
        }
        foreach (var (_, item) in wanted)
            result.Add(item?.DeepClone());
        return result;
    }
}
