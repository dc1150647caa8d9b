using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>A label selector as objects carry it: <c>matchLabels</c> and <c>matchExpressions</c>. An empty one selects everything.</summary>
internal static class LabelConditions
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public static bool Match(JsonElement? selector, IReadOnlyDictionary<string, string> labels)
    {
        if (selector is not { ValueKind: JsonValueKind.Object } conditions)
            return true;
        if (conditions.Find("matchLabels") is { ValueKind: JsonValueKind.Object } wanted
            && wanted.EnumerateObject().Any(w => labels.GetValueOrDefault(w.Name) != w.Value.GetString()))
            return false;
        return conditions.Items("matchExpressions").All(e => Holds(e, labels));
    }

    public static IReadOnlyDictionary<string, string> LabelsOf(JsonObject tree) =>
        tree.At("metadata", "labels") is JsonObject labels
            ? labels.ToDictionary(l => l.Key, l => JsonTree.AsText(l.Value) ?? "", StringComparer.Ordinal)
            : NoLabels;

    private static bool Holds(JsonElement expression, IReadOnlyDictionary<string, string> labels)
    {
        var value = labels.GetValueOrDefault(expression.Text("key") ?? "");
        var listed = expression.Items("values").Any(v => v.GetString() == value);
        return expression.Text("operator") switch
        {
            "In" => value is not null && listed,
            "NotIn" => value is null || !listed,
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
