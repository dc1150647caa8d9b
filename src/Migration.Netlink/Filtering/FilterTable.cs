namespace Migration.Netlink;

/// <summary>An nf_tables table: chains and rules that live and die together.</summary>
public sealed record FilterTable(TableName Name)
{
    /// <summary>Free text, shown by nft; at most <see cref="MaximumComment"/> bytes. Kernels before 5.10 forget it.</summary>
    public string? Comment { get; init; }

    /// <summary>nft stops at 128, the kernel at 256.</summary>
    public const int MaximumComment = 128;
}
