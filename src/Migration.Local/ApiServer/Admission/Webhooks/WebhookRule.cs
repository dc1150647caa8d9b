using System.Text.Json;

namespace Migration.Local.ApiServer;

/// <summary>Which requests a webhook is asked about: one entry of <c>rules</c>.</summary>
internal sealed record WebhookRule(
    IReadOnlyList<string> Operations, IReadOnlyList<string> Groups, IReadOnlyList<string> Versions, IReadOnlyList<string> Resources, string Scope)
{
    public static WebhookRule Read(JsonElement rule) => new(
        Texts(rule, "operations"), Texts(rule, "apiGroups"), Texts(rule, "apiVersions"), Texts(rule, "resources"), rule.Text("scope") ?? "*");

    public bool Matches(AdmissionRequest request, ResourceType type) =>
        Names(Groups, type.Group) && Names(Versions, type.Version)
        && (Operations.Contains("*") || Operations.Contains(request.Operation.ToString(), StringComparer.OrdinalIgnoreCase))
        && MatchesScope(request, type)
        && Resources.Any(r => MatchesResource(r, type.Plural, request.Subresource));

    private static bool Names(IReadOnlyList<string> values, string value) => values.Contains("*") || values.Contains(value, StringComparer.Ordinal);

    /// <summary>Namespaces themselves are cluster-wide.</summary>
    private bool MatchesScope(AdmissionRequest request, ResourceType type) =>
        Scope == "*" || Scope == (type.Namespaced && request.Key.Namespace.Length > 0 ? "Namespaced" : "Cluster");

    private static bool MatchesResource(string pattern, string plural, string subresource)
    {
        var slash = pattern.IndexOf('/', StringComparison.Ordinal);
        var (resource, sub) = slash < 0 ? (pattern, "") : (pattern[..slash], pattern[(slash + 1)..]);
        // "*" alone is every resource and no subresource, "*/*" is everything.
        return (resource == "*" || resource == plural) && (sub == subresource || (sub == "*" && slash >= 0));
    }

    private static IReadOnlyList<string> Texts(JsonElement rule, string name) => [.. rule.Items(name).Select(v => v.GetString() ?? "")];
}
