using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>What somebody wants to do, as rights are about it: a verb on a resource, or on a path that is no resource.</summary>
internal sealed record AccessRequest(string Verb)
{
    public string Group { get; init; } = "";

    /// <summary>The plural, empty when <see cref="Path"/> is asked for.</summary>
    public string Resource { get; init; } = "";

    public string Subresource { get; init; } = "";

    public string Namespace { get; init; } = "";

    public string Name { get; init; } = "";

    public string Path { get; init; } = "";

    public bool IsResource => Path.Length == 0;

    public string FullResource => Subresource.Length == 0 ? Resource : $"{Resource}/{Subresource}";

    /// <summary>Reads a request as it came, whether or not what it names is served: who may not ask is not told.</summary>
    public static AccessRequest Of(HttpRequest request)
    {
        var path = request.Path.Value ?? "/";
        return path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["api", _, .. { Length: > 0 } rest] => Of(request, "", rest),
            ["apis", var group, _, .. { Length: > 0 } rest] => Of(request, group, rest),
            _ => new AccessRequest(request.Method.ToLowerInvariant()) { Path = path },
        };
    }

    /// <summary>Reads the attributes of an access review.</summary>
    public static AccessRequest Of(JsonNode? spec)
    {
        if (spec.At("nonResourceAttributes") is { } plain)
            return new AccessRequest(plain.TextAt("verb") ?? "") { Path = plain.TextAt("path") is { Length: > 0 } path ? path : "/" };
        var wanted = spec.At("resourceAttributes");
        return new AccessRequest(wanted.TextAt("verb") ?? "")
        {
            Group = wanted.TextAt("group") ?? "",
            Resource = wanted.TextAt("resource") ?? "",
            Subresource = wanted.TextAt("subresource") ?? "",
            Namespace = wanted.TextAt("namespace") ?? "",
            Name = wanted.TextAt("name") ?? "",
        };
    }

    /// <summary>The refusal, in Kubernetes' words.</summary>
    public ApiException Forbidden(Caller caller)
    {
        if (!IsResource)
            return new ApiException(403, "Forbidden", $"forbidden: {Denial(caller)}", new JsonObject());
        var groupResource = Group.Length == 0 ? Resource : $"{Resource}.{Group}";
        var details = new JsonObject();
        if (Name.Length > 0)
            details["name"] = Name;
        if (Group.Length > 0)
            details["group"] = Group;
        details["kind"] = Resource;
        return new ApiException(403, "Forbidden", $"{groupResource}{(Name.Length > 0 ? $" {Quoted(Name)}" : "")} is forbidden: {Denial(caller)}", details);
    }

    private string Denial(Caller caller)
    {
        if (!IsResource)
            return $"User {Quoted(caller.Name)} cannot {Verb} path {Quoted(Path)}";
        var where = Namespace.Length > 0 ? $"in the namespace {Quoted(Namespace)}" : "at the cluster scope";
        return $"User {Quoted(caller.Name)} cannot {Verb} resource {Quoted(FullResource)} in API group {Quoted(Group)} {where}";
    }

    private static AccessRequest Of(HttpRequest request, string group, string[] rest)
    {
        // "namespaces/x" and its subresources are the namespace itself, "in" itself; "namespaces/x/pods" are pods in it.
        var (scope, resource) = rest switch
        {
            ["namespaces", var name, "status" or "finalize"] => (name, rest),
            ["namespaces", var name, .. { Length: > 0 } inner] => (name, inner),
            ["namespaces", var name] => (name, rest),
            _ => ("", rest),
        };
        var query = request.Query;
        var named = resource.ElementAtOrDefault(1) ?? "";
        var verb = Verbs(request.Method, named.Length > 0, ListOptions.Flag(query, "watch"));
        return new AccessRequest(verb)
        {
            Group = group,
            Resource = resource[0],
            Subresource = resource.ElementAtOrDefault(2) ?? "",
            Namespace = scope,
            // A list of the one object that a field selector names needs the right to that object only.
            Name = named.Length > 0 || verb is not ("list" or "watch" or "deletecollection") ? named : NameIn(query["fieldSelector"].ToString()),
        };
    }

    private static string Verbs(string method, bool isNamed, bool watches) => method switch
    {
        "GET" or "HEAD" when isNamed => "get",
        "GET" or "HEAD" => watches ? "watch" : "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" => isNamed ? "delete" : "deletecollection",
        _ => "",
    };

    private static string NameIn(string fieldSelector)
    {
        var terms = fieldSelector.Split(',', StringSplitOptions.TrimEntries);
        var name = terms.FirstOrDefault(t => t.StartsWith("metadata.name=", StringComparison.Ordinal));
        return name is null ? "" : name["metadata.name=".Length..].TrimStart('=');
    }

    private static string Quoted(string text) => JsonTree.Text(JsonValue.Create(text));
}
