namespace Migration.Node.Networks;

/// <summary>What the VMI's dhcpOptions add to the lease.</summary>
internal sealed record ExtraDhcpOptions
{
    public string BootFileName { get; init; } = "";
    public string TftpServerName { get; init; } = "";
    public IReadOnlyList<string> NtpServers { get; init; } = [];

    /// <summary>Options 224 to 254.</summary>
    public IReadOnlyDictionary<int, string> Private { get; init; } = new Dictionary<int, string>();
}
