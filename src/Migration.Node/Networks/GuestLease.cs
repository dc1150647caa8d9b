namespace Migration.Node.Networks;

/// <summary>
/// What in-pod DHCP hands to the guest, in the contract's notation. It moves with the guest: the target answers exactly
/// as the source did.
/// </summary>
internal sealed record GuestLease
{
    public required string Mac { get; init; }

    /// <summary>CIDR notation, IPv4 first.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];
    public string Gateway { get; init; } = "";
    public IReadOnlyList<GuestRoute> Routes { get; init; } = [];
    public IReadOnlyList<string> NameServers { get; init; } = [];
    public string Domain { get; init; } = "";
    public IReadOnlyList<string> SearchDomains { get; init; } = [];
    public string HostName { get; init; } = "";
    public int Mtu { get; init; }
    public TimeSpan ValidFor { get; init; } = TimeSpan.FromHours(24);
}
