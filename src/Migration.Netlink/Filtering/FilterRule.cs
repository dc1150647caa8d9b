namespace Migration.Netlink;

/// <summary>One rule: expressions that are carried out one after the other until one does not match or gives a verdict.</summary>
public sealed record FilterRule(TableName Table, string Chain, IReadOnlyList<FilterExpression> Expressions)
{
    /// <summary>Free text, shown by nft; at most <see cref="FilterTable.MaximumComment"/> bytes.</summary>
    public string? Comment { get; init; }

    /// <summary>The kernel's number for it; 0 in a rule that is not there yet.</summary>
    public ulong Handle { get; init; }

    /// <summary>Whether two rules do the same in the same place, whatever they have counted so far.</summary>
    public bool DoesTheSameAs(FilterRule other) =>
        (Table, Chain, Comment) == (other.Table, other.Chain, other.Comment) && Expressions.Select(Uncounted).SequenceEqual(other.Expressions.Select(Uncounted));

    public override string ToString() => $"{Table} {Chain}: {string.Join(", ", Expressions)}";

    private static FilterExpression Uncounted(FilterExpression expression) =>
        expression is FilterExpression.Counter ? new FilterExpression.Counter() : expression;
}
