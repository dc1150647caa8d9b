using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Migration.Packets.Dhcp;

/// <summary>A lease with every option encoded once, looked up by code for each answer.</summary>
internal sealed class LeaseOptions
{
    private const int FirstPrivate = 224;

    private readonly byte[]?[] _values = new byte[256][];
    private readonly List<DhcpOptionCode> _always = [];

    public LeaseOptions(DhcpLease lease)
    {
        var primary = lease.Addresses.FirstOrDefault(a => a.IsIpv4)
            ?? throw new ArgumentException("the lease holds no IPv4 address: DHCPv4 has nothing to hand out", nameof(lease));
        Mac = lease.Mac;
        Address = Ipv4Address.From(primary.Address);
        Mtu = lease.Mtu;
        SetNetwork(lease, primary.PrefixLength);
        SetNames(lease);
        SetTimes(LeaseTimes.Of(lease.ValidFor));
        SetBoot(lease);
        foreach (var extra in lease.ExtraOptions) SetExtra(extra);
        Unasked = [.. Defaults.Where(c => _values[(byte)c] is not null), .. _always.Where(c => !Defaults.Contains(c))];
    }

    public MacAddress Mac { get; }

    public Ipv4Address Address { get; }

    /// <summary>0 when not told.</summary>
    public int Mtu { get; }

    /// <summary>Where each name of option 119 ends.</summary>
    public int[] SearchEnds { get; private set; } = [];

    /// <summary>The guest's name, complete where the domain is known: as text, and as DNS has it. Empty where it has none.</summary>
    public byte[] Name { get; private set; } = [];

    public byte[] NameAsDns { get; private set; } = [];

    /// <summary>siaddr: the server to boot from.</summary>
    public Ipv4Address NextServer { get; private set; }

    /// <summary>What the file and sname fields hold when no options do; BOOTP's boot loaders look there.</summary>
    public byte[] BootFile { get; private set; } = [];

    public byte[] ServerName { get; private set; } = [];

    /// <summary>What a client gets that does not say what it wants.</summary>
    public DhcpOptionCode[] Unasked { get; }

    /// <summary>
    /// What a client gets without asking: the mask (dhclient fails without), the MTU (a guest that does not know it loses packets),
    /// and private options, which the VMI's owner put there on purpose.
    /// </summary>
    public IReadOnlyList<DhcpOptionCode> Always => _always;

    // Mask before routers (RFC 2132 §3.3).
    private static ReadOnlySpan<DhcpOptionCode> DefaultOrder =>
    [
        DhcpOptionCode.SubnetMask, DhcpOptionCode.ClasslessRoutes, DhcpOptionCode.Router, DhcpOptionCode.NameServers, DhcpOptionCode.HostName,
        DhcpOptionCode.DomainName, DhcpOptionCode.InterfaceMtu, DhcpOptionCode.TimeServers, DhcpOptionCode.BootServerName,
        DhcpOptionCode.BootFileName, DhcpOptionCode.DomainSearch,
    ];

    private static readonly DhcpOptionCode[] Defaults = DefaultOrder.ToArray();

    public bool TryGet(DhcpOptionCode code, out ReadOnlySpan<byte> value)
    {
        var found = _values[(byte)code];
        value = found;
        return found is not null;
    }

    private void SetNetwork(DhcpLease lease, int prefixLength)
    {
        SetAddress(DhcpOptionCode.SubnetMask, Ipv4Address.Mask(prefixLength));
        _always.Add(DhcpOptionCode.SubnetMask);
        if (prefixLength < 31) SetAddress(DhcpOptionCode.BroadcastAddress, new Ipv4Address(Address.Bits | ~Ipv4Address.Mask(prefixLength).Bits));
        var routes = lease.Routes.Where(r => r.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetwork).ToList();
        var gateway = lease.Gateway is { AddressFamily: AddressFamily.InterNetwork } given
            ? given : routes.FirstOrDefault(r => r.Destination.PrefixLength == 0)?.Gateway;
        if (gateway is not null) SetAddress(DhcpOptionCode.Router, Ipv4Address.From(gateway));
        var all = WithGateways(routes, gateway, prefixLength).ToList();
        if (all.Count > 0) Set(DhcpOptionCode.ClasslessRoutes, Set(DhcpOptionCode.ClasslessRoutesMicrosoft, ClasslessRoutes.Write(all)));
        if (lease.Mtu is < 0 or > ushort.MaxValue) throw new ArgumentException($"{lease.Mtu} is not an MTU", nameof(lease));
        if (lease.Mtu == 0) return;
        Set(DhcpOptionCode.InterfaceMtu, Number((ushort)lease.Mtu));
        _always.Add(DhcpOptionCode.InterfaceMtu);
    }

    // A client that takes 121 ignores the router option (RFC 3442), so the default route is in it too; a gateway outside the subnet
    // must be reachable on the link before a route can go through it.
    private IEnumerable<DhcpRoute> WithGateways(List<DhcpRoute> routes, IPAddress? gateway, int prefixLength)
    {
        var others = routes.Where(r => r.Destination.PrefixLength > 0 || gateway is null).ToList();
        if (gateway is not null) others.Add(new DhcpRoute(new IPNetwork(IPAddress.Any, 0), gateway));
        var onLink = others.Where(r => r.Gateway is null).ToList();
        foreach (var hop in others.Select(r => r.Gateway).OfType<IPAddress>().Distinct())
        {
            var reachable = Ipv4Address.From(hop).SharesPrefix(Address, prefixLength) || onLink.Any(r => r.Destination.Contains(hop));
            if (!reachable) onLink.Add(new DhcpRoute(new IPNetwork(hop, 32), null));
        }
        return onLink.Concat(others.Where(r => r.Gateway is not null).OrderByDescending(r => r.Destination.PrefixLength));
    }

    private void SetNames(DhcpLease lease)
    {
        var servers = lease.NameServers.Where(IsIpv4).ToList();
        if (servers.Count > 0) Set(DhcpOptionCode.NameServers, Addresses(servers));
        var domain = lease.PrimaryDomain;
        if (domain.Length > 0) Set(DhcpOptionCode.DomainName, Encoding.ASCII.GetBytes(SearchList.Checked(domain)));
        if (lease.HostName.Length > 0) Set(DhcpOptionCode.HostName, Encoding.ASCII.GetBytes(SearchList.Checked(lease.HostName)));
        if (lease.FullName is { } name) (Name, NameAsDns) = (Encoding.ASCII.GetBytes(name.TrimEnd('.')), lease.FullNameAsDns);
        var (list, ends) = SearchList.Write(SearchList.Usable(lease.SearchDomains));
        SearchEnds = ends;
        if (ends.Length > 0) Set(DhcpOptionCode.DomainSearch, list);
    }

    private void SetBoot(DhcpLease lease)
    {
        var timeServers = lease.NtpServers.Where(IsIpv4).ToList();
        if (timeServers.Count > 0) Set(DhcpOptionCode.TimeServers, Addresses(timeServers));
        BootFile = Text(lease.BootFileName, "boot file name", DhcpWire.BootFileLength);
        ServerName = Text(lease.TftpServerName, "TFTP server name", DhcpWire.ServerNameLength);
        if (lease.BootFileName.Length > 0) Set(DhcpOptionCode.BootFileName, Encoding.UTF8.GetBytes(lease.BootFileName));
        if (lease.TftpServerName.Length > 0) Set(DhcpOptionCode.BootServerName, Encoding.UTF8.GetBytes(lease.TftpServerName));
        if (IPAddress.TryParse(lease.TftpServerName, out var server) && IsIpv4(server)) NextServer = Ipv4Address.From(server);
    }

    // A field of BOOTP's ends in a zero; a name that is too long for it goes by option alone.
    private static byte[] Text(string text, string what, int field)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > byte.MaxValue) throw new ArgumentException($"the {what} is {bytes.Length} bytes long, DHCP has room for {byte.MaxValue}", nameof(text));
        return bytes.Length < field ? bytes : [];
    }

    private void SetTimes(LeaseTimes times)
    {
        SetAddress(DhcpOptionCode.LeaseTime, new Ipv4Address(times.Valid));
        SetAddress(DhcpOptionCode.RenewalTime, new Ipv4Address(times.Renewal));
        SetAddress(DhcpOptionCode.RebindingTime, new Ipv4Address(times.RebindingV4));
    }

    private void SetExtra(DhcpOption extra)
    {
        if (DhcpWire.FaultOf(extra.Code, extra.Value.Span) is { } fault) throw new ArgumentException(fault, nameof(extra));
        Set(extra.Code, extra.Value.ToArray());
        if ((byte)extra.Code is >= FirstPrivate and < (byte)DhcpOptionCode.End && extra.Code != DhcpOptionCode.ClasslessRoutesMicrosoft) _always.Add(extra.Code);
    }

    private byte[] Set(DhcpOptionCode code, byte[] value) => _values[(byte)code] = value;

    private void SetAddress(DhcpOptionCode code, Ipv4Address address)
    {
        var value = new byte[Ipv4Address.Length];
        address.Write(value);
        Set(code, value);
    }

    private static byte[] Number(ushort number)
    {
        var value = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(value, number);
        return value;
    }

    private static bool IsIpv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;

    private static byte[] Addresses(List<IPAddress> addresses) => [.. addresses.SelectMany(a => a.GetAddressBytes())];
}
