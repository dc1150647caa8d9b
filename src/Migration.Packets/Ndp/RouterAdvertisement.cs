using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Packets.Dhcp;

namespace Migration.Packets.Ndp;

/// <summary>
/// What a guest is told by its router (RFC 4861 §4.2): addresses come by DHCPv6 and nowhere else (M=1, O=1, A=0), who forwards,
/// what is on the link, the MTU, the name servers and search domains (RFC 8106). Only such an advertisement can give a guest an
/// IPv6 default route. Encoded once for a lease, copied for each sending.
/// </summary>
public sealed class RouterAdvertisement
{
    /// <summary>Room for the longest frame.</summary>
    public const int MaximumFrame = EthernetFrame.HeaderLength + Ipv6Packet.MinimumMtu;

    /// <summary>How long a router may be silent: three of the longest intervals between advertisements (RFC 4861 §6.2.1).</summary>
    public static readonly TimeSpan RouterLifetime = TimeSpan.FromMinutes(30);

    private const int MaximumBody = Ipv6Packet.MinimumMtu - Ipv6Packet.HeaderLength - Icmpv6Packet.HeaderLength;
    private const int OptionsAt = 12, HopLimit = 64;
    private const byte Managed = 0x80, OtherConfiguration = 0x40, OnLink = 0x80;
    private readonly byte[] _body;
    private readonly byte[] _farewell;
    private readonly MacAddress _mac;

    /// <param name="lease">Its IPv6 part.</param>
    /// <param name="server">Who speaks where nobody forwards.</param>
    /// <param name="router">Who forwards; null where nobody does, and then, as for a lease without IPv6 gateway, it is no default router.</param>
    public RouterAdvertisement(DhcpLease lease, DhcpServerIdentity server, RouterIdentity? router)
    {
        Source = router?.LinkLocal ?? server.LinkLocal;
        _mac = router?.Mac ?? server.Mac;
        var lifetime = router is not null && lease.DefaultRouterIpv6 is not null ? RouterLifetime : TimeSpan.Zero;
        _body = Body(lease, lifetime, RouterLifetime, withNetworks: true);
        _farewell = Body(lease, TimeSpan.Zero, TimeSpan.Zero, withNetworks: false);
    }

    /// <summary>The router's link-local address.</summary>
    public Ipv6Address Source { get; }

    /// <summary>Writes it for everybody on the link, and returns the frame's length.</summary>
    public int WriteFrame(Span<byte> frame) => WriteFrame(frame, Ipv6Address.AllNodes.MulticastMac, Ipv6Address.AllNodes);

    /// <summary>Writes it for one asker, and returns the frame's length.</summary>
    public int WriteFrame(Span<byte> frame, MacAddress destinationMac, Ipv6Address destination) => Write(frame, destinationMac, destination, _body);

    /// <summary>Writes the last one, for everybody: this router is none any more (RFC 4861 §6.2.5).</summary>
    public int WriteFarewell(Span<byte> frame) => Write(frame, Ipv6Address.AllNodes.MulticastMac, Ipv6Address.AllNodes, _farewell);

    private int Write(Span<byte> frame, MacAddress destinationMac, Ipv6Address destination, byte[] body)
    {
        var at = EthernetFrame.WriteHeader(frame, destinationMac, _mac, EtherType.Ipv6);
        at += Ipv6Packet.WriteHeader(
            frame[at..], Source, destination, IpProtocol.IcmpV6, Icmpv6Packet.HeaderLength + body.Length, RouterSolicitation.RequiredHopLimit);
        body.CopyTo(frame[(at + Icmpv6Packet.HeaderLength)..]);
        return at + Icmpv6Packet.WriteHeader(frame[at..], (byte)NeighbourMessageType.RouterAdvertisement, Source, destination, body.Length);
    }

    private byte[] Body(DhcpLease lease, TimeSpan routerLifetime, TimeSpan namesLifetime, bool withNetworks)
    {
        Span<byte> body = stackalloc byte[MaximumBody];
        body.Clear();
        body[0] = HopLimit;
        body[1] = Managed | OtherConfiguration;
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)routerLifetime.TotalSeconds);
        var at = OptionsAt + NeighbourOption.WriteLinkLayer(body[OptionsAt..], NeighbourOption.SourceLinkLayer, _mac);
        if (lease.Mtu >= Ipv6Packet.MinimumMtu) at += WriteMtu(body[at..], lease.Mtu);
        at += WriteNameServers(body[at..], lease, namesLifetime);
        if (withNetworks)
        {
            foreach (var prefix in OnLinkPrefixes(lease)) at += WritePrefix(body[at..], prefix, Seconds(lease.ValidFor));
            if (routerLifetime > TimeSpan.Zero)
                foreach (var route in RoutedPrefixes(lease)) at += WriteRoute(body[at..], route, (uint)routerLifetime.TotalSeconds);
        }
        at += WriteSearchList(body[at..], lease, namesLifetime);
        return body[..at].ToArray();
    }

    /// <summary>A guest with an address of /128 has nothing on its link but what routes say.</summary>
    private static IEnumerable<IPNetwork> OnLinkPrefixes(DhcpLease lease) =>
        lease.Addresses.Where(a => !a.IsIpv4).Select(a => (Prefix: Ipv6Address.From(a.Address).Prefix(a.PrefixLength), a.PrefixLength))
            .Concat(lease.Routes.Where(r => IsIpv6(r) && r.Gateway is null).Select(r => (Prefix: Ipv6Address.From(r.Destination.BaseAddress), r.Destination.PrefixLength)))
            .Where(p => p.PrefixLength is > 0 and < 128 && !p.Prefix.IsLinkLocal && !p.Prefix.IsMulticast)
            .Select(p => new IPNetwork(p.Prefix.ToIPAddress(), p.PrefixLength))
            .Distinct();

    private static IEnumerable<IPNetwork> RoutedPrefixes(DhcpLease lease) =>
        lease.Routes.Where(r => IsIpv6(r) && r.Gateway is not null && r.Destination.PrefixLength > 0).Select(r => r.Destination).Distinct();

    private static bool IsIpv6(DhcpRoute route) => route.Destination.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    private static int WriteMtu(Span<byte> option, int mtu)
    {
        (option[0], option[1]) = (NeighbourOption.Mtu, 1);
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], (uint)mtu);
        return NeighbourOption.Unit;
    }

    private static int WriteNameServers(Span<byte> option, DhcpLease lease, TimeSpan lifetime)
    {
        const int head = 8;
        var at = head;
        foreach (var server in lease.NameServers.Where(s => s.AddressFamily == AddressFamily.InterNetworkV6))
        {
            if (at + Ipv6Address.Length > option.Length) break;
            Ipv6Address.From(server).Write(option[at..]);
            at += Ipv6Address.Length;
        }
        if (at == head) return 0;
        WriteHead(option, NeighbourOption.NameServers, at, (uint)lifetime.TotalSeconds);
        return at;
    }

    private static int WritePrefix(Span<byte> option, IPNetwork prefix, uint lifetime)
    {
        const int length = 32;
        if (option.Length < length) return 0;
        (option[0], option[1], option[2], option[3]) = (NeighbourOption.PrefixInformation, length / NeighbourOption.Unit, (byte)prefix.PrefixLength, OnLink);
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(option[8..], lifetime);
        Ipv6Address.From(prefix.BaseAddress).Write(option[16..]);
        return length;
    }

    // RFC 4191 §2.3. The whole prefix always goes: a shorter option saves bytes that nobody needs.
    private static int WriteRoute(Span<byte> option, IPNetwork route, uint lifetime)
    {
        const int length = 24;
        if (option.Length < length) return 0;
        WriteHead(option, NeighbourOption.RouteInformation, length, lifetime);
        option[2] = (byte)route.PrefixLength;
        Ipv6Address.From(route.BaseAddress).Write(option[8..]);
        return length;
    }

    // RFC 8106 §5.2: names uncompressed, filled up with zeros. What there is no room for is left out from the end.
    private static int WriteSearchList(Span<byte> option, DhcpLease lease, TimeSpan lifetime)
    {
        const int head = 8;
        if (option.Length <= head || lease.SearchDomains.Count == 0) return 0;
        var room = Math.Min(option.Length, byte.MaxValue * NeighbourOption.Unit) / NeighbourOption.Unit * NeighbourOption.Unit;
        var names = SearchList.WritePlain(SearchList.Usable(lease.SearchDomains), room - head);
        if (names.Length == 0) return 0;
        names.CopyTo(option[head..]);
        var length = (head + names.Length + NeighbourOption.Unit - 1) / NeighbourOption.Unit * NeighbourOption.Unit;
        WriteHead(option, NeighbourOption.SearchList, length, (uint)lifetime.TotalSeconds);
        return length;
    }

    private static void WriteHead(Span<byte> option, byte type, int length, uint lifetime)
    {
        (option[0], option[1]) = (type, (byte)(length / NeighbourOption.Unit));
        BinaryPrimitives.WriteUInt32BigEndian(option[4..], lifetime);
    }

    // Never so short that it could end between two advertisements.
    private static uint Seconds(TimeSpan validFor) => Math.Max(LeaseTimes.Of(validFor).Valid, (uint)RouterLifetime.TotalSeconds);
}
