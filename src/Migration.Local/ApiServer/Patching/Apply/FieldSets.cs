using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Field sets of values, by their schema: which lists are maps or sets, and what is atomic.</summary>
internal static class FieldSets
{
    /// <summary>Every place that the value determines.</summary>
    public static FieldSet Of(JsonNode? value, Schema schema)
    {
        var set = new FieldSet();
        switch (value)
        {
            case JsonObject { Count: > 0 } map when !schema.AtomicMap:
                foreach (var (name, member) in map)
                    set.Put("f:" + name, Of(member, schema.Field(name) ?? Schema.Anything));
                return set;
            case JsonArray { Count: > 0 } list when schema.ListType is "map" or "set":
                foreach (var (key, item) in Items(list, schema))
                    set.Put(key, ItemSet(item, schema));
                return set;
            default:
                return FieldSet.Leaf();
        }
    }

    /// <summary>What <paramref name="after"/> has new or different.</summary>
    public static FieldSet Changed(JsonNode? before, JsonNode? after, Schema schema)
    {
        var set = new FieldSet();
        if (JsonTree.Same(before, after))
            return set;
        if (before is JsonObject old && after is JsonObject now && !schema.AtomicMap)
        {
            foreach (var (name, member) in now)
            {
                var field = schema.Field(name) ?? Schema.Anything;
                set.Put("f:" + name, old.TryGetPropertyValue(name, out var previous) ? Changed(previous, member, field) : Of(member, field));
            }
            return set;
        }
        if (before is JsonArray oldItems && after is JsonArray items && schema.ListType is "map" or "set")
        {
            var previous = Items(oldItems, schema);
            foreach (var (key, item) in Items(items, schema))
                set.Put(key, previous.TryGetValue(key, out var was) ? Changed(was, item, schema.Items ?? Schema.Anything) : ItemSet(item, schema));
            return set;
        }
        return Of(after, schema);
    }

    /// <summary>What <paramref name="after"/> has lost, by the topmost place lost.</summary>
    public static FieldSet Removed(JsonNode? before, JsonNode? after, Schema schema)
    {
        var set = new FieldSet();
        if (before is JsonObject old && after is JsonObject now && !schema.AtomicMap)
        {
            foreach (var (name, member) in old)
                set.Put("f:" + name, now.TryGetPropertyValue(name, out var left) ? Removed(member, left, schema.Field(name) ?? Schema.Anything) : FieldSet.Leaf());
        }
        else if (before is JsonArray oldItems && after is JsonArray items && schema.ListType is "map" or "set")
        {
            var current = Items(items, schema);
            foreach (var (key, item) in Items(oldItems, schema))
                set.Put(key, current.TryGetValue(key, out var left) ? Removed(item, left, schema.Items ?? Schema.Anything) : FieldSet.Leaf());
        }
        return set;
    }

    /// <summary>The items of a map or set list under the names that field sets give them.</summary>
    public static Dictionary<string, JsonNode?> Items(JsonArray list, Schema schema)
    {
        var items = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in list)
            items[Key(item, schema)] = item;
        return items;
    }

    public static string Key(JsonNode? item, Schema schema)
    {
        if (schema.ListType == "set")
            return "v:" + JsonTree.Text(item);
        var key = new JsonObject();
        foreach (var name in schema.ListMapKeys.Order(StringComparer.Ordinal))
        {
            if ((item.At(name) ?? schema.Items?.Field(name)?.Default) is { } value)
                key[name] = value.DeepClone();
        }
        return "k:" + JsonTree.Text(key);
    }

    /// <summary>An item of a list is a place itself, besides its members: who applies it owns its being there.</summary>
    private static FieldSet ItemSet(JsonNode? item, Schema schema)
    {
        var set = Of(item, schema.Items ?? Schema.Anything);
        set.IsMember = true;
        return set;
    }
}
