namespace Migration.Netlink;

/// <summary>What identifies an nf_tables table in its namespace.</summary>
public readonly record struct TableName(FilterFamily Family, string Name)
{
    /// <summary>As nft writes it: <c>ip6 nat</c>.</summary>
    public override string ToString() => $"{FamilyWord} {Name}";

    private string FamilyWord => Family switch
    {
        FilterFamily.Ipv4 => "ip",
        FilterFamily.Ipv6 => "ip6",
        _ => Family.ToString().ToLowerInvariant(),
    };
}
