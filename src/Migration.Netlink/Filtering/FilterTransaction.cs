using Migration.Netlink.Protocol;

namespace Migration.Netlink;

/// <summary>
/// Changes that the kernel makes all at once or not at all, in the order in which they are listed here:
/// <see cref="FilterClient.Commit"/>. No packet meets a half of it.
/// </summary>
public sealed class FilterTransaction
{
    private readonly List<Change> _changes = [];

    public int Count => _changes.Count;

    internal IReadOnlyList<Change> Changes => _changes;

    /// <summary>Adds a table unless it is there; its comment is that of the first who added it.</summary>
    public FilterTransaction AddTable(FilterTable table) => Add(() => FilterMessage.WriteNewTable(table), $"add table {table.Name}");

    /// <summary>With all that is in it. ENOENT if there is none.</summary>
    public FilterTransaction DeleteTable(TableName table) => Add(() => FilterMessage.WriteDeleteTable(table), $"delete table {table}");

    /// <summary>Deletes the table if it is there, and makes it anew: empty.</summary>
    public FilterTransaction ReplaceTable(FilterTable table) => AddTable(table).DeleteTable(table.Name).AddTable(table);

    /// <summary>Adds a chain unless it is there.</summary>
    public FilterTransaction AddChain(FilterChain chain) => Add(() => FilterMessage.WriteNewChain(chain), $"add chain {chain}");

    /// <summary>EBUSY while rules jump to it.</summary>
    public FilterTransaction DeleteChain(FilterChain chain) => Add(() => FilterMessage.WriteDeleteChain(chain), $"delete chain {chain}");

    /// <summary>Adds a rule at the end of its chain.</summary>
    public FilterTransaction AddRule(FilterRule rule) => Add(() => FilterMessage.WriteNewRule(rule), $"add rule {rule}");

    /// <summary>Deletes the rule of that handle.</summary>
    public FilterTransaction DeleteRule(FilterRule rule) => Add(() => FilterMessage.WriteDeleteRule(rule), $"delete rule {rule.Handle} of {rule.Table} {rule.Chain}");

    private FilterTransaction Add(Func<MessageWriter> write, string operation)
    {
        _changes.Add(new Change(write, operation));
        return this;
    }

    /// <summary>Written when it is committed, so that a transaction may be committed more than once.</summary>
    internal readonly record struct Change(Func<MessageWriter> Write, string Operation);
}
