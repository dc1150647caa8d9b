namespace Migration.Kubernetes;

/// <summary>Which objects of a kind: all namespaces unless one is given, filtered by the server.</summary>
public sealed record ListOptions
{
    public static readonly ListOptions All = new();

    /// <summary>Null for all namespaces.</summary>
    public string? Namespace { get; init; }

    /// <summary>E.g. <c>app=web,tier in (front,back),!canary</c>.</summary>
    public string? LabelSelector { get; init; }

    /// <summary>E.g. <c>spec.nodeName=node-1</c>.</summary>
    public string? FieldSelector { get; init; }

    /// <summary>Objects per page.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary><c>"0"</c> lets the server answer from its cache; null asks for the latest.</summary>
    public string? ResourceVersion { get; init; }
}
