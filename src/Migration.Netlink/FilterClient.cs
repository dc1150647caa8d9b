using Migration.Linux;
using Migration.Netlink.Protocol;

namespace Migration.Netlink;

/// <summary>
/// One namespace's nf_tables (what <c>nft list ruleset</c> shows): tables, chains and rules are read one kind at a time and
/// changed by transactions. Any thread may call.
/// </summary>
public sealed class FilterClient : IDisposable
{
    private readonly NetlinkSocket _socket;

    private FilterClient(NetlinkSocket socket) => _socket = socket;

    /// <summary>Opens a conversation with a namespace; it stays with that namespace wherever it is used.</summary>
    public static FilterClient Open(NetworkNamespace space) => new(NetlinkSocket.Open(space, NetlinkSocket.Netfilter));

    /// <summary>Tables of all families.</summary>
    public IReadOnlyList<FilterTable> GetTables() => _socket.Dump(FilterMessage.WriteTableDump(), "list tables", FilterMessage.ReadTable);

    public IReadOnlyList<FilterChain> GetChains(TableName table) =>
        _socket.Dump(FilterMessage.WriteChainDump(table.Family), $"list chains of {table}", FilterMessage.ReadChain).FindAll(chain => chain.Table == table);

    /// <summary>The rules of all chains, those of a chain in their order.</summary>
    public IReadOnlyList<FilterRule> GetRules(TableName table) =>
        _socket.Dump(FilterMessage.WriteRuleDump(table.Family), $"list rules of {table}", FilterMessage.ReadRule).FindAll(rule => rule.Table == table);

    /// <summary>
    /// Makes all the changes, or throws and none is made: the exception names the first that the kernel refused and its reason. Those
    /// behind it may be refused for its sake only.
    /// </summary>
    public void Commit(FilterTransaction transaction)
    {
        if (transaction.Count == 0)
            return;
        _socket.ExecuteBatch(
            FilterMessage.WriteBatchEdge(FilterMessage.BatchBegin),
            [.. transaction.Changes.Select(change => new BatchedRequest(change.Write(), change.Operation))],
            FilterMessage.WriteBatchEdge(FilterMessage.BatchEnd),
            $"commit {transaction.Count} changes of tables");
    }

    public void Dispose() => _socket.Dispose();
}
