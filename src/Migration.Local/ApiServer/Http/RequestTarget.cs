namespace Migration.Local.ApiServer;

/// <summary>What a resource path points at.</summary>
internal sealed record RequestTarget(ResourceType Type, string Namespace, string? Name, string? Subresource)
{
    public ObjectKey Key => new(Namespace, Name ?? "");

    /// <summary>Reads <c>/api/v1/…</c> and <c>/apis/group/version/…</c>; null when nothing of that name is served.</summary>
    public static RequestTarget? Parse(string path, ResourceRegistry registry)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api", var version, .. var rest] => Read("", version, rest, registry),
            ["apis", var group, var version, .. var rest] => Read(group, version, rest, registry),
            _ => null,
        };
    }

    private static RequestTarget? Read(string group, string version, string[] rest, ResourceRegistry registry)
    {
        // "namespaces/x" and its subresources are the namespace itself; "namespaces/x/pods" are pods in it.
        if (rest is ["namespaces", var scope, var plural, ..] && !(group.Length == 0 && rest.Length == 3 && plural is "status" or "finalize"))
            return Resolve(registry.Find(group, version, plural), scope, rest[3..]);
        return rest is [var resource, ..] ? Resolve(registry.Find(group, version, resource), "", rest[1..]) : null;
    }

    private static RequestTarget? Resolve(ResourceType? type, string scope, string[] rest)
    {
        if (type is null || rest.Length > 2 || (scope.Length > 0 && !type.Namespaced))
            return null;
        // One object of a namespaced kind needs its namespace.
        if (rest.Length > 0 && type.Namespaced && scope.Length == 0)
            return null;
        return new RequestTarget(type, scope, rest.ElementAtOrDefault(0), rest.ElementAtOrDefault(1));
    }
}
