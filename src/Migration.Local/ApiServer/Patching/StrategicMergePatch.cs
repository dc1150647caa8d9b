using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// Kubernetes' strategic merge patch: a merge patch that knows which lists are maps by some key, so that an item can be patched or deleted
/// alone. Directives: <c>$patch</c> (replace, delete, merge), <c>$retainKeys</c>, <c>$setElementOrder/f</c>, <c>$deleteFromPrimitiveList/f</c>.
/// </summary>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string ElementOrder = "$setElementOrder/";
    private const string DeleteValues = "$deleteFromPrimitiveList/";

    public static JsonObject Apply(JsonObject target, JsonObject patch, Schema schema) => MergeObject(target, patch, schema);

    private static JsonObject MergeObject(JsonObject? target, JsonObject patch, Schema schema)
    {
        switch (patch.TextAt(Directive))
        {
            case "replace":
                return Plain(patch);
            case "delete":
                return [];
        }
        var result = target?.Clone() ?? [];
        Retain(result, patch);
        foreach (var (name, change) in patch)
        {
            if (name.StartsWith('$'))
                continue;
            var field = schema.Field(name) ?? Schema.Anything;
            if (change is null)
                result.Remove(name);
            else
                result[name] = MergeValue(result[name], change, field);
        }
        RemoveValues(result, patch);
        Reorder(result, patch, schema);
        return result;
    }

    private static JsonNode? MergeValue(JsonNode? target, JsonNode change, Schema schema) => change switch
    {
        JsonObject map => MergeObject(target as JsonObject, map, schema),
        JsonArray list when schema.PatchMergeKey is { } key => MergeKeyed(target as JsonArray, list, schema.Items ?? Schema.Anything, key),
        JsonArray list when schema.PatchMergesValues => MergeValues(target as JsonArray, list),
        _ => change.DeepClone(),
    };

    private static JsonArray MergeKeyed(JsonArray? target, JsonArray changes, Schema item, string key)
    {
        if (changes.Any(c => c is not JsonObject))
            throw ApiException.BadRequest($"map: {JsonTree.Text(changes)} does not contain declared merge key: {key}");
        if (changes.Any(c => c.TextAt(Directive) == "replace"))
            return new JsonArray([.. changes.Where(c => c.TextAt(Directive) != "replace" || c!.AsObject().Count > 1).Select(c => Plain((JsonObject)c!))]);
        var result = (JsonArray?)target?.DeepClone() ?? [];
        foreach (var change in changes.OfType<JsonObject>())
        {
            if (change[key] is not { } value)
                throw ApiException.BadRequest($"map: {JsonTree.Text(change)} does not contain declared merge key: {key}");
            var index = IndexOf(result, key, value);
            if (change.TextAt(Directive) == "delete")
            {
                if (index >= 0)
                    result.RemoveAt(index);
            }
            else if (index >= 0)
            {
                result[index] = MergeObject(result[index] as JsonObject, change, item);
            }
            else
            {
                result.Add(MergeObject(null, change, item));
            }
        }
        return result;
    }

    private static JsonArray MergeValues(JsonArray? target, JsonArray additions)
    {
        var result = (JsonArray?)target?.DeepClone() ?? [];
        foreach (var addition in additions)
        {
            if (!result.Any(v => JsonTree.Same(v, addition)))
                result.Add(addition?.DeepClone());
        }
        return result;
    }

    /// <summary><c>$retainKeys</c> names what a union may keep: all other members go before the merge.</summary>
    private static void Retain(JsonObject result, JsonObject patch)
    {
        if (patch[RetainKeys] is not JsonArray kept)
            return;
        var names = kept.Select(JsonTree.AsText).ToHashSet();
        foreach (var name in result.Select(p => p.Key).Where(n => !names.Contains(n)).ToList())
            result.Remove(name);
    }

    private static void RemoveValues(JsonObject result, JsonObject patch)
    {
        foreach (var (name, values) in patch.Where(p => p.Key.StartsWith(DeleteValues, StringComparison.Ordinal)))
        {
            if (result[name[DeleteValues.Length..]] is not JsonArray list || values is not JsonArray gone)
                continue;
            foreach (var item in list.Where(v => gone.Any(g => JsonTree.Same(g, v))).ToList())
                list.Remove(item);
        }
    }

    /// <summary>The order is that of the directive; what it does not name keeps its place behind what preceded it.</summary>
    private static void Reorder(JsonObject result, JsonObject patch, Schema schema)
    {
        foreach (var (name, value) in patch.Where(p => p.Key.StartsWith(ElementOrder, StringComparison.Ordinal)))
        {
            var field = name[ElementOrder.Length..];
            if (result[field] is not JsonArray list || value is not JsonArray order)
                continue;
            var key = schema.Field(field)?.PatchMergeKey;
            var wanted = order.Select(o => JsonTree.Text(key is null ? o : o.At(key))).ToList();
            result[field] = Sorted(list, item => wanted.IndexOf(JsonTree.Text(key is null ? item : item.At(key))));
        }
    }

    private static JsonArray Sorted(JsonArray list, Func<JsonNode?, int> rank)
    {
        var named = new Queue<JsonNode?>(list.Where(i => rank(i) >= 0).OrderBy(rank).Select(i => i?.DeepClone()));
        var result = new JsonArray();
        foreach (var item in list)
            result.Add(rank(item) >= 0 ? named.Dequeue() : item?.DeepClone());
        return result;
    }

    private static int IndexOf(JsonArray list, string key, JsonNode value)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (JsonTree.Same(list[i].At(key), value))
                return i;
        }
        return -1;
    }

    /// <summary>The value without directives, at any depth.</summary>
    private static JsonObject Plain(JsonObject value)
    {
        var result = new JsonObject();
        foreach (var (name, member) in value)
        {
            if (!name.StartsWith('$'))
                result[name] = member is JsonObject map ? Plain(map) : member?.DeepClone();
        }
        return result;
    }
}
