using System.Net;

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

    public IPAddress? Gateway { get; init; }

    /// <summary>Besides the default route by <see cref="Gateway"/> and the subnet itself.</summary>
    public IReadOnlyList<DhcpRoute> Routes { get; init; } = [];

    public IReadOnlyList<IPAddress> NameServers { get; init; } = [];

    public string Domain { get; init; } = "";

    public IReadOnlyList<string> SearchDomains { get; init; } = [];

    public string HostName { get; init; } = "";

    /// <summary>0: not told.</summary>
    public int Mtu { get; init; }

    /// <summary>How long the guest may use its addresses before it must have renewed them.</summary>
    public TimeSpan ValidFor { get; init; } = DefaultValidity;

    /// <summary>What the VMI's dhcpOptions add: 42, 66, 67 and private ones (224 to 254).</summary>
    public IReadOnlyList<DhcpOption> ExtraOptions { get; init; } = [];
}
