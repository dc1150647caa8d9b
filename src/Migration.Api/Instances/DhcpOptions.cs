using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What DHCP is to tell the guest beside its addresses.</summary>
public sealed record DhcpOptions : OpenRecord
{
    public string? BootFileName { get; init; }

    public string? TftpServerName { get; init; }

    public IReadOnlyList<string>? NtpServers { get; init; }

    public IReadOnlyList<PrivateDhcpOption>? PrivateOptions { get; init; }
}
