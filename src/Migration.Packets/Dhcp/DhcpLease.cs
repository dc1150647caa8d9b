using System.Net;
using System.Net.Sockets;

namespace Migration.Packets.Dhcp;

/// <summary>
/// What in-pod DHCP hands to one guest NIC. It travels with the guest: the node that it moves to answers from the same lease,
/// so the guest's renewals notice nothing.
/// </summary>
public sealed record DhcpLease
{
    /// <summary>Used when <see cref="ValidFor"/> is not given.</summary>
    public static readonly TimeSpan DefaultValidity = TimeSpan.FromHours(1);

    /// <summary>The guest NIC's address: requests of any other are not ours to answer.</summary>
    public required MacAddress Mac { get; init; }

    /// <summary>IPv4 first.</summary>
    public required IReadOnlyList<InterfaceAddress> Addresses { get; init; }

    /// <summary>Of the IPv4 default route, unless <see cref="Routes"/> says it; an IPv6 one is taken for <see cref="GatewayIpv6"/>.</summary>
    public IPAddress? Gateway { get; init; }

    /// <summary>Of the IPv6 default route, unless <see cref="Routes"/> says it.</summary>
    public IPAddress? GatewayIpv6 { get; init; }

    /// <summary>Besides the default routes by the gateways and the subnets themselves.</summary>
    public IReadOnlyList<DhcpRoute> Routes { get; init; } = [];

    /// <summary>IPv4 goes by DHCPv4, IPv6 by DHCPv6 and router advertisement.</summary>
    public IReadOnlyList<IPAddress> NameServers { get; init; } = [];

    /// <summary>Empty: the longest of the search domains, which is the one of the pod's namespace.</summary>
    public string Domain { get; init; } = "";

    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    public string HostName { get; init; } = "";

    /// <summary>0: not told.</summary>
    public int Mtu { get; init; }

    /// <summary>How long the guest may use its addresses before it must have renewed them.</summary>
    public TimeSpan ValidFor { get; init; } = DefaultValidity;

    /// <summary>The VMI's dhcpOptions.bootFileName: option 67 and the file field.</summary>
    public string BootFileName { get; init; } = "";

    /// <summary>The VMI's dhcpOptions.tftpServerName: option 66, the sname field, and siaddr where it is an address.</summary>
    public string TftpServerName { get; init; } = "";

    /// <summary>The VMI's dhcpOptions.ntpServers, of both families.</summary>
    public IReadOnlyList<IPAddress> NtpServers { get; init; } = [];

    /// <summary>Any further DHCPv4 options: the VMI's private ones (224 to 254) are sent even to a client that does not ask for them.</summary>
    public IReadOnlyList<DhcpOption> ExtraOptions { get; init; } = [];

    public bool HasIpv4 => Addresses.Any(a => a.IsIpv4);

    public bool HasIpv6 => Addresses.Any(a => !a.IsIpv4);

    /// <summary>What the guest's own name is completed with; empty where nobody said.</summary>
    public string PrimaryDomain => Domain.Length > 0 ? Domain : SearchList.Usable(SearchDomains).OrderByDescending(d => d.Length).FirstOrDefault("");

    /// <summary>The guest's name, complete where its domain is known and there is room for both; null where it has none.</summary>
    internal string? FullName =>
        HostName.Length == 0 ? null : PrimaryDomain.Length == 0 ? SearchList.Checked(HostName)
        : SearchList.Usable([$"{HostName}.{PrimaryDomain}"]).FirstOrDefault() ?? SearchList.Checked(HostName);

    /// <summary>The same as DNS has it; a name that is not complete has no end (RFC 4702 §2.3.1, RFC 4704 §4.2).</summary>
    internal byte[] FullNameAsDns =>
        FullName is not { } name ? [] : name.Length > HostName.Length ? SearchList.WritePlain([name], byte.MaxValue) : SearchList.WritePlain([name], byte.MaxValue)[..^1];

    /// <summary>Whoever the guest sends IPv6 to that is not on its link; null where nobody does.</summary>
    public IPAddress? DefaultRouterIpv6 =>
        GatewayIpv6
        ?? (Gateway is { AddressFamily: AddressFamily.InterNetworkV6 } gateway ? gateway : null)
        ?? Routes.FirstOrDefault(r => r.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 && r.Destination.PrefixLength == 0)?.Gateway;
}
