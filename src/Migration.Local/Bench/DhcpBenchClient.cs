using System.Buffers.Binary;
using System.Diagnostics;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;
using Migration.Packets.Dhcp6;

namespace Migration.Local.Bench;

/// <summary>A client of one family that speaks whole frames, so that nothing but the wire and the server is measured.</summary>
internal sealed class DhcpBenchClient : IDisposable
{
    private const int Headers4 = EthernetFrame.HeaderLength + Ipv4Packet.HeaderLength + UdpDatagram.HeaderLength;
    private const int Headers6 = EthernetFrame.HeaderLength + Ipv6Packet.HeaderLength + UdpDatagram.HeaderLength;
    private const int FirstOption4 = Headers4 + 240, Transaction4 = Headers4 + 4;
    private const ushort ClientPort6 = 546, ServerPort6 = 547;
    private static readonly TimeSpan Lost = TimeSpan.FromSeconds(1);
    private static readonly Ipv6Address Own = Ipv6Address.LinkLocalOf(DhcpBench.Lease.Mac);

    private readonly PacketSocket _socket;
    private readonly bool _isIpv6;
    private readonly byte[] _first, _buffer = new byte[4096];
    private byte[] _second = [];

    private DhcpBenchClient(PacketSocket socket, bool isIpv6, byte[] first) => (_socket, _isIpv6, _first) = (socket, isIpv6, first);

    public static DhcpBenchClient V4(NetworkNamespace space, int link) => new(
        PacketSocket.Open(space, link, Listening([Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(68)])), isIpv6: false, Discover());

    public static DhcpBenchClient V6(NetworkNamespace space, int link) => new(
        PacketSocket.Open(space, link, Listening([Match.EtherType(0x86dd), Match.Ipv6NextHeader(17), Match.Ipv6DestinationPort(ClientPort6)])), isIpv6: true, Solicit());

    public static byte[] Discover() => Frame4(new DhcpOption(DhcpOptionCode.MessageType, new[] { (byte)DhcpMessageType.Discover }));

    /// <summary>The request that follows an offer.</summary>
    public static byte[] RequestFor(ReadOnlySpan<byte> offer)
    {
        // The server's identity is said right after the type by every server there is.
        if (offer[FirstOption4 + 3] != (byte)DhcpOptionCode.ServerIdentifier)
            throw new InvalidOperationException("the offer does not begin with its type and its server");
        return Frame4(
            new DhcpOption(DhcpOptionCode.MessageType, new[] { (byte)DhcpMessageType.Request }),
            new(DhcpOptionCode.RequestedAddress, offer.Slice(Headers4 + 16, 4).ToArray()),
            new(DhcpOptionCode.ServerIdentifier, offer.Slice(FirstOption4 + 5, 4).ToArray()));
    }

    /// <summary>Finds the server, and what to ask it for.</summary>
    public void Learn()
    {
        var found = Stopwatch.GetTimestamp();
        do
            Ask(_first, 1);
        while (!_socket.Wait(Lost) && Stopwatch.GetElapsedTime(found) < 10 * Lost);
        Expect(offered: true);
        _second = _isIpv6 ? RequestFor6(_buffer) : RequestFor(_buffer);
        while (_socket.Wait(TimeSpan.FromMilliseconds(50)))
            _socket.TryReceive(_buffer, out _);
    }

    /// <summary>Four messages, one after the other.</summary>
    public void Exchange(uint transaction)
    {
        Ask(_first, transaction);
        Expect(offered: true);
        Ask(_second, transaction);
        Expect(offered: false);
    }

    /// <summary>The same with many under way at a time.</summary>
    public double LeasesPerSecond(TimeSpan time, int window)
    {
        var started = Stopwatch.GetTimestamp();
        var (leases, under) = (0, 0);
        uint next = 0;
        while (under < window)
        {
            Ask(_first, next++);
            under++;
        }
        while (under > 0)
        {
            if (ReceiveOffer(out var transaction))
            {
                Ask(_second, transaction);
                continue;
            }
            leases++;
            if (Stopwatch.GetElapsedTime(started) < time) Ask(_first, next++);
            else under--;
        }
        return leases / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    public void Dispose() => _socket.Dispose();

    private static PacketOptions Listening(Match[] rule) => new() { IgnoreOutgoing = true, Filter = PacketFilter.AnyOf(rule), ReceiveBufferBytes = 1 << 20 };

    private static byte[] Frame4(params DhcpOption[] options)
    {
        var message = new DhcpPacket
        {
            ClientMac = DhcpBench.Lease.Mac,
            Options = DhcpOptions.Of(
            [
                .. options,
                new(DhcpOptionCode.ClientIdentifier, Convert.FromHexString("0102000af40105")),
                new(DhcpOptionCode.ParameterRequestList, new byte[] { 1, 3, 6, 12, 15, 26, 28, 42, 119, 121 }),
            ]),
        }.ToArray();
        var frame = new byte[Headers4 + message.Length];
        message.CopyTo(frame, Headers4);
        var ip = EthernetFrame.WriteHeader(frame, MacAddress.Broadcast, DhcpBench.Lease.Mac, EtherType.Ipv4);
        var udp = ip + Ipv4Packet.HeaderLength;
        UdpDatagram.WriteHeader(frame.AsSpan(udp), default, Ipv4Address.Broadcast, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(ip), default, Ipv4Address.Broadcast, IpProtocol.Udp, frame.Length - udp);
        // The transaction changes from message to message: no checksum, which IPv4 allows.
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(udp + 6), 0);
        return frame;
    }

    private static byte[] Solicit() => Frame6(Dhcp6MessageType.Solicit);

    private static byte[] RequestFor6(ReadOnlySpan<byte> advertisement)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(advertisement[(Headers6 - 4)..]) - UdpDatagram.HeaderLength;
        if (!Dhcp6Packet.TryParse(advertisement.Slice(Headers6, length), out var offer, out var reason))
            throw new InvalidOperationException(reason);
        return Frame6(
            Dhcp6MessageType.Request,
            [.. offer!.Options.Where(option => option.Code is Dhcp6OptionCode.ServerIdentifier or Dhcp6OptionCode.Addresses)]);
    }

    private static byte[] Frame6(Dhcp6MessageType type, params Dhcp6Option[] given)
    {
        // A DUID of type link-layer; an association of no times yet.
        Dhcp6Option[] options =
        [
            new(Dhcp6OptionCode.ClientIdentifier, Convert.FromHexString("0003000102000af40105")),
            .. given.Length > 0 ? given : [new(Dhcp6OptionCode.Addresses, Convert.FromHexString("0000000100000000" + "00000000"))],
            new(Dhcp6OptionCode.ElapsedTime, new byte[2]),
            new(Dhcp6OptionCode.OptionRequest, Convert.FromHexString("00170018")),
        ];
        var message = new Dhcp6Packet { Type = type, Options = options }.ToArray();
        var frame = new byte[Headers6 + message.Length];
        message.CopyTo(frame, Headers6);
        var servers = Ipv6Address.AllDhcpServers;
        var ip = EthernetFrame.WriteHeader(frame, servers.MulticastMac, DhcpBench.Lease.Mac, EtherType.Ipv6);
        Ipv6Packet.WriteHeader(frame.AsSpan(ip), Own, servers, IpProtocol.Udp, frame.Length - ip - Ipv6Packet.HeaderLength);
        return frame;
    }

    private void Ask(byte[] frame, uint transaction)
    {
        if (_isIpv6)
        {
            var message = frame.AsSpan(Headers6);
            (message[1], message[2], message[3]) = ((byte)(transaction >> 16), (byte)(transaction >> 8), (byte)transaction);
            UdpDatagram.WriteHeader(frame.AsSpan(Headers6 - UdpDatagram.HeaderLength), Own, Ipv6Address.AllDhcpServers, ClientPort6, ServerPort6, message.Length);
        }
        else
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(Transaction4), transaction);
        if (!_socket.TrySend(frame)) throw new InvalidOperationException("the queue of a veth with nothing on it is full");
    }

    private void Expect(bool offered)
    {
        if (ReceiveOffer(out _) != offered) throw new InvalidOperationException($"{(offered ? "an offer" : "a lease")} was due, and something else came");
    }

    /// <summary>Whether what comes is an offer; otherwise it is a lease.</summary>
    private bool ReceiveOffer(out uint transaction)
    {
        while (!_socket.TryReceive(_buffer, out _))
            if (!_socket.Wait(Lost)) throw new TimeoutException("a message was lost on a veth pair");
        if (_isIpv6)
        {
            transaction = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(Headers6)) & 0xffffff;
            return (Dhcp6MessageType)_buffer[Headers6] == Dhcp6MessageType.Advertise;
        }

        // Option 53 stands first in every reply.
        transaction = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(Transaction4));
        return (DhcpMessageType)_buffer[FirstOption4 + 2] == DhcpMessageType.Offer;
    }
}
