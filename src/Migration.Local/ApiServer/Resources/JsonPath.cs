using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Migration.Local.ApiServer;

/// <summary>
/// The JSON paths of printer columns: <c>.a.b</c>, <c>['a.b']</c>, <c>.a\.b</c>, <c>[0]</c>, <c>[*]</c> and <c>[?(@.type=="Ready")]</c>. The
/// first value found counts.
/// </summary>
internal sealed partial class JsonPath
{
    private readonly IReadOnlyList<Func<JsonElement, IEnumerable<JsonElement>>> _steps;

    private JsonPath(IReadOnlyList<Func<JsonElement, IEnumerable<JsonElement>>> steps) => _steps = steps;

    public static JsonPath Parse(string text)
    {
        var steps = new List<Func<JsonElement, IEnumerable<JsonElement>>>();
        foreach (Match match in Step().Matches(text))
            steps.Add(ReadStep(match));
        return new JsonPath(steps);
    }

    public JsonElement? Find(JsonElement root)
    {
        IEnumerable<JsonElement> found = [root];
        foreach (var step in _steps)
            found = found.SelectMany(step);
        foreach (var first in found)
            return first;
        return null;
    }

    private static Func<JsonElement, IEnumerable<JsonElement>> ReadStep(Match match)
    {
        if (match.Groups["name"].Success)
        {
            var name = match.Groups["name"].Value.Replace("\\.", ".", StringComparison.Ordinal);
            return e => Member(e, name);
        }
        if (match.Groups["quoted"].Success)
        {
            var name = match.Groups["quoted"].Value;
            return e => Member(e, name);
        }
        if (match.Groups["key"].Success)
        {
            var (key, value) = (match.Groups["key"].Value, match.Groups["value"].Value);
            return e => Items(e).Where(i => Member(i, key).Any(v => v.ToString() == value));
        }
        var index = match.Groups["index"].Value;
        return index == "*" ? Items : e => Items(e).Skip(int.Parse(index, CultureInfo.InvariantCulture)).Take(1);
    }

    private static IEnumerable<JsonElement> Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? [value] : [];

    private static IEnumerable<JsonElement> Items(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Array => element.EnumerateArray(),
        JsonValueKind.Object => element.EnumerateObject().Select(p => p.Value),
        _ => [],
    };

    [GeneratedRegex(
        """\.(?<name>(?:[^.\[\]\\]|\\.)+)|\[\s*'(?<quoted>[^']*)'\s*\]|\[\?\(@\.(?<key>[^=\s]+)\s*==\s*["'](?<value>[^"']*)["']\s*\)\]|\[(?<index>\*|\d+)\]""")]
    private static partial Regex Step();
}
