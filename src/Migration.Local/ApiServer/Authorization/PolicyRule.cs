using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>One rule of a Role or ClusterRole: rules only ever allow.</summary>
internal sealed record PolicyRule(
    IReadOnlyList<string> Verbs, IReadOnlyList<string> Groups, IReadOnlyList<string> Resources, IReadOnlyList<string> Names, IReadOnlyList<string> Paths)
{
    private static readonly ConditionalWeakTable<StoredObject, IReadOnlyList<PolicyRule>> Known = [];

    public static IReadOnlyList<PolicyRule> Of(StoredObject role) => Known.GetValue(role, r => [.. r.Root.Items("rules").Select(Read)]);

    public bool Allows(AccessRequest wanted)
    {
        if (!Holds(Verbs, wanted.Verb))
            return false;
        if (!wanted.IsResource)
            return Paths.Any(p => p == "*" || p == wanted.Path || (p.EndsWith('*') && wanted.Path.StartsWith(p[..^1], StringComparison.Ordinal)));
        return Holds(Groups, wanted.Group) && Resources.Any(r => Covers(r, wanted)) && (Names.Count == 0 || Names.Contains(wanted.Name, StringComparer.Ordinal));
    }

    /// <summary>As SelfSubjectRulesReview lists it.</summary>
    public JsonObject ToTree()
    {
        var tree = new JsonObject { ["verbs"] = Texts(Verbs) };
        foreach (var (name, values) in new[] { ("apiGroups", Groups), ("resources", Resources), ("resourceNames", Names), ("nonResourceURLs", Paths) })
        {
            if (values.Count > 0)
                tree[name] = Texts(values);
        }
        return tree;
    }

    private static PolicyRule Read(JsonElement rule) => new(
        Texts(rule, "verbs"), Texts(rule, "apiGroups"), Texts(rule, "resources"), Texts(rule, "resourceNames"), Texts(rule, "nonResourceURLs"));

    private static bool Covers(string resource, AccessRequest wanted) =>
        resource == "*" || resource == wanted.FullResource || (wanted.Subresource.Length > 0 && resource == "*/" + wanted.Subresource);

    private static bool Holds(IReadOnlyList<string> values, string value) => values.Contains("*") || values.Contains(value, StringComparer.Ordinal);

    private static IReadOnlyList<string> Texts(JsonElement rule, string name) => [.. rule.Items(name).Select(v => v.GetString() ?? "")];

    private static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
