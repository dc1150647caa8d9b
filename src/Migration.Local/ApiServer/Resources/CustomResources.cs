using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>Turns CustomResourceDefinitions into served resources, the moment they are stored.</summary>
internal sealed class CustomResources(ResourceRegistry registry, Store store)
{
    public const string Definitions = "customresourcedefinitions.apiextensions.k8s.io";

    public void Observe(ResourceType type, StoredObject definition, bool removed)
    {
        if (type.Kind != "CustomResourceDefinition")
            return;
        if (removed)
            registry.Withdraw(definition.Name);
        else
            registry.Publish(definition.Name, [.. Read(definition.ToTree())]);
        store.CloseWatches(definition.Name);
    }

    private static IEnumerable<ResourceType> Read(JsonObject definition)
    {
        var group = definition.TextAt("spec", "group")!;
        var names = definition.At("spec", "names");
        foreach (var version in DefinitionRules.Versions(definition).Where(v => DefinitionRules.IsSet(v, "served")))
        {
            var published = version.At("schema", "openAPIV3Schema") as JsonObject ?? [];
            yield return new ResourceType
            {
                Group = group,
                Version = version.TextAt("name")!,
                Plural = names.TextAt("plural")!,
                Singular = names.TextAt("singular") ?? "",
                Kind = names.TextAt("kind")!,
                ListKind = names.TextAt("listKind") ?? names.TextAt("kind") + "List",
                ShortNames = Texts(names.At("shortNames")),
                Categories = Texts(names.At("categories")),
                Namespaced = definition.TextAt("spec", "scope") == "Namespaced",
                HasStatus = version.At("subresources", "status") is JsonObject,
                Scale = ReadScale(version.At("subresources", "scale")),
                CountsGenerations = true,
                Schema = BuiltInSchemas.AsObject(SchemaReader.Read(published)),
                PublishedSchema = published.Clone(),
                Columns = ReadColumns(version["additionalPrinterColumns"] as JsonArray),
                SelectableFields = [.. (version["selectableFields"] as JsonArray ?? []).Select(f => (f.TextAt("jsonPath") ?? "").TrimStart('.'))],
                Storage = definition.TextAt("metadata", "name")!,
                StorageApiVersion = $"{group}/{DefinitionRules.StorageVersion(definition)}",
                IsCustom = true,
            };
        }
    }

    private static ScalePaths? ReadScale(JsonNode? scale) =>
        scale.TextAt("specReplicasPath") is { } spec
            ? new ScalePaths(spec, scale.TextAt("statusReplicasPath") ?? "", scale.TextAt("labelSelectorPath"))
            : null;

    private static IReadOnlyList<PrinterColumn> ReadColumns(JsonArray? columns)
    {
        // A definition without columns shows ages, one with columns shows what it says.
        if (columns is not { Count: > 0 })
            return [BuiltInColumns.Name, BuiltInColumns.Age];
        return [BuiltInColumns.Name, .. columns.Select(ReadColumn)];
    }

    private static PrinterColumn ReadColumn(JsonNode? column)
    {
        var type = column.TextAt("type") ?? "string";
        var path = JsonPath.Parse(column.TextAt("jsonPath") ?? "");
        return new PrinterColumn(column.TextAt("name") ?? "", type, column.TextAt("format") ?? "",
            column.TextAt("description") is { Length: > 0 } text ? text : $"Custom resource definition column (in JSONPath format): {column.TextAt("jsonPath")}",
            (int)(column.NumberAt("priority") ?? 0), (root, now) => Cell(path.Find(root), type, now));
    }

    private static JsonNode? Cell(JsonElement? value, string type, DateTimeOffset now) => (type, value?.ValueKind) switch
    {
        (_, null or JsonValueKind.Null) => null,
        ("date", JsonValueKind.String) => Timestamps.Age(value.Value.GetString(), now),
        ("integer", JsonValueKind.Number) or ("number", JsonValueKind.Number) => JsonTree.From(value.Value),
        ("boolean", JsonValueKind.True or JsonValueKind.False) => value.Value.GetBoolean(),
        ("string", JsonValueKind.String) => value.Value.GetString(),
        ("string", _) => value.Value.GetRawText(),
        _ => null,
    };

    private static IReadOnlyList<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(JsonTree.AsText).OfType<string>()];
}
