using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Dhcp6;

/// <summary>A lease's IPv6 part with every option encoded once.</summary>
internal sealed class LeaseOptions6
{
    // DUID-LL (RFC 8415 §11.4): what the server is called is made of its MAC, so it is the same on every node.
    private const ushort LinkLayerIdentifier = 3, Ethernet = 1;
    private const byte ServerAddressSuboption = 1;
    private const int MaximumNames = 512;
    private const uint ShortestRefresh = 600;
    private readonly (Ipv6Address Prefix, int Length)[] _networks;
    private readonly (Dhcp6OptionCode Code, byte[][] Values)[] _options;

    public LeaseOptions6(DhcpLease lease, DhcpServerIdentity server)
    {
        var own = lease.Addresses.Where(a => !a.IsIpv4).Select(a => (Address: Ipv6Address.From(a.Address), a.PrefixLength)).ToList();
        if (own.Count == 0) throw new ArgumentException("the lease holds no IPv6 address: DHCPv6 has nothing to hand out", nameof(lease));
        Times = LeaseTimes.Of(lease.ValidFor);
        Addresses = [.. own.Select(a => a.Address).Distinct()];
        _networks = [.. own.Select(a => (a.Address.Prefix(a.PrefixLength), a.PrefixLength))];
        Identifier = IdentifierOf(server.Mac);
        HostName = lease.FullNameAsDns;
        _options = [.. Encode(lease).Where(o => o.Values.Length > 0)];
    }

    public LeaseTimes Times { get; }

    public Ipv6Address[] Addresses { get; }

    /// <summary>The server's DUID.</summary>
    public byte[] Identifier { get; }

    /// <summary>In DNS form, complete where the domain is known; empty where the guest has no name.</summary>
    public byte[] HostName { get; }

    /// <summary>What a client gets that does not say what it wants.</summary>
    public static ReadOnlySpan<Dhcp6OptionCode> Unasked => [Dhcp6OptionCode.NameServers, Dhcp6OptionCode.DomainSearch];

    public bool Holds(Ipv6Address address) => Array.IndexOf(Addresses, address) >= 0;

    /// <summary>Whether an address could be used on the guest's link, be it ours or not.</summary>
    public bool IsOnLink(Ipv6Address address)
    {
        foreach (var (prefix, length) in _networks)
            if (prefix.SharesPrefix(address, length)) return true;
        return false;
    }

    /// <summary>The values to send under that code; empty where there is none.</summary>
    public ReadOnlySpan<byte[]> Find(Dhcp6OptionCode code)
    {
        foreach (var (known, values) in _options)
            if (known == code) return values;
        return [];
    }

    private IEnumerable<(Dhcp6OptionCode Code, byte[][] Values)> Encode(DhcpLease lease)
    {
        var timeServers = lease.NtpServers.Where(IsIpv6).Select(a => a.GetAddressBytes()).ToArray();
        yield return (Dhcp6OptionCode.NameServers, One([.. lease.NameServers.Where(IsIpv6).SelectMany(a => a.GetAddressBytes())]));
        yield return (Dhcp6OptionCode.DomainSearch, One(SearchList.WritePlain(SearchList.Usable(lease.SearchDomains), MaximumNames)));
        yield return (Dhcp6OptionCode.SimpleTimeServers, One([.. timeServers.SelectMany(a => a)]));
        // One server in each option (RFC 5908 §4).
        yield return (Dhcp6OptionCode.TimeServers, [.. timeServers.Select(TimeServer)]);
        yield return (Dhcp6OptionCode.InformationRefreshTime, [RefreshTime(Times.Valid)]);
    }

    private static byte[][] One(byte[] value) => value.Length > 0 ? [value] : [];

    private static byte[] TimeServer(byte[] address) => [0, ServerAddressSuboption, 0, Ipv6Address.Length, .. address];

    private static byte[] RefreshTime(uint seconds)
    {
        var value = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(value, Math.Max(seconds, ShortestRefresh));
        return value;
    }

    private static byte[] IdentifierOf(MacAddress mac)
    {
        var value = new byte[4 + MacAddress.Length];
        BinaryPrimitives.WriteUInt16BigEndian(value, LinkLayerIdentifier);
        BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(2), Ethernet);
        mac.Write(value.AsSpan(4));
        return value;
    }

    private static bool IsIpv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;
}
