namespace Migration.Netlink;

/// <summary>A list of rules in a table.</summary>
public sealed record FilterChain(TableName Table, string Name)
{
    /// <summary>Null for a chain that packets come to by a jump only.</summary>
    public ChainHook? Base { get; init; }

    public override string ToString() => $"{Table} {Name}";
}
