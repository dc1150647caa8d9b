namespace Migration.Netlink;

/// <summary>What makes a chain a base chain: the hook it sits on.</summary>
/// <param name="Type">"filter", "nat" or "route".</param>
/// <param name="Hook">Where packets come by.</param>
/// <param name="Priority">Lower comes first.</param>
/// <param name="Drops">What happens to a packet that no rule decided about: dropped, or let pass.</param>
public sealed record ChainHook(string Type, FilterHook Hook, int Priority, bool Drops = false)
{
    public static ChainHook Nat(FilterHook hook, int priority) => new("nat", hook, priority);

    public static ChainHook Filter(FilterHook hook, int priority = 0, bool drops = false) => new("filter", hook, priority, drops);
}
