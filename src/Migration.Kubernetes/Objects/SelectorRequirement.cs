namespace Migration.Kubernetes;

/// <summary>One requirement of a node or label selector.</summary>
public sealed record SelectorRequirement : OpenRecord
{
    public string? Key { get; init; }

    /// <summary><c>In</c>, <c>NotIn</c>, <c>Exists</c>, <c>DoesNotExist</c>; for nodes also <c>Gt</c> and <c>Lt</c>.</summary>
    public string? Operator { get; init; }

    public IReadOnlyList<string>? Values { get; init; }
}
