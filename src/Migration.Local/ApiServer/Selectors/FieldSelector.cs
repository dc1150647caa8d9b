using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>A field selector such as <c>spec.nodeName=a,status.phase!=Failed</c>, on the fields its kind allows.</summary>
internal sealed class FieldSelector
{
    public static readonly FieldSelector Everything = new([]);
    private readonly IReadOnlyList<(string[] Path, string Value, bool Equal)> _terms;

    private FieldSelector(IReadOnlyList<(string[] Path, string Value, bool Equal)> terms) => _terms = terms;

    public bool IsEverything => _terms.Count == 0;

    public static FieldSelector Parse(string? text, ResourceType type)
    {
        if (string.IsNullOrWhiteSpace(text))
            return Everything;
        return new FieldSelector([.. text.Split(',').Where(t => t.Trim().Length > 0).Select(t => ReadTerm(t.Trim(), text, type))]);
    }

    public bool Matches(JsonElement root) =>
        _terms.All(term => string.Equals(ValueAt(root, term.Path), term.Value, StringComparison.Ordinal) == term.Equal);

    /// <summary>The one name that can match, when the selector names one: such lists are lookups.</summary>
    public string? Name => _terms.FirstOrDefault(t => t.Equal && t.Path is ["metadata", "name"]).Value;

    private static (string[] Path, string Value, bool Equal) ReadTerm(string term, string whole, ResourceType type)
    {
        var at = term.IndexOf('=', StringComparison.Ordinal);
        if (at <= 0)
            throw ApiException.BadRequest($"invalid selector: '{whole}'; can't understand '{term}'");
        var equal = term[at - 1] != '!';
        var field = term[..(equal ? at : at - 1)].Trim();
        var value = term[(at + 1)..].TrimStart('=').Trim();
        if (field is not ("metadata.name" or "metadata.namespace") && !type.SelectableFields.Contains(field))
            throw ApiException.BadRequest(type.IsCustom || type.SelectableFields.Count > 0
                ? $"field label not supported: {field}"
                : $"\"{field}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
        return (field == "source" ? ["source", "component"] : field.Split('.'), value, equal);
    }

    private static string ValueAt(JsonElement element, string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return IsFlag(path) ? "false" : "";
        }
        return element.ValueKind switch
        {
            JsonValueKind.String => element.GetString()!,
            JsonValueKind.Null => "",
            JsonValueKind.True => "true",
            JsonValueKind.False => "false",
            _ => element.GetRawText(),
        };
    }

    private static bool IsFlag(string[] path) => path[^1] is "unschedulable" or "hostNetwork";
}
