using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using Migration.Linux;
using Migration.Netlink;
using Migration.Testing;

namespace Migration.Host.Tests;

/// <summary>A socket in a namespace that receives UDP, or SCTP packets as they are (a test kernel need not have SCTP); and what sends to it.</summary>
internal sealed class Datagrams : IDisposable
{
    private const int AF_INET = 2, AF_INET6 = 10, SOCK_RAW = 3, IPPROTO_SCTP = 132;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly Socket _socket;
    private readonly IDisposable? _handle;

    private Datagrams(Socket socket, IDisposable? handle) => (_socket, _handle) = (socket, handle);

    public int Available => _socket.Available;

    public static Datagrams Udp(TestNamespace space, AddressFamily family, int port)
    {
        var socket = space.Space.Run(() => new Socket(family, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(family is AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, port));
        return new Datagrams(socket, handle: null);
    }

    /// <summary>.NET opens raw sockets of the protocols it knows only, and uses those of any other.</summary>
    public static Datagrams Sctp(TestNamespace space, AddressFamily family)
    {
        var kernel = KernelSocket.Open(space.Space, family is AddressFamily.InterNetwork ? AF_INET : AF_INET6, SOCK_RAW, IPPROTO_SCTP);
        return new Datagrams(new Socket(new SafeSocketHandle(kernel.Descriptor.DangerousGetHandle(), ownsHandle: false)), kernel);
    }

    public static void SendUdp(TestNamespace from, IPEndPoint to, string text)
    {
        using var socket = from.Space.Run(() => new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        socket.SendTo(Encoding.ASCII.GetBytes(text), to);
    }

    /// <summary>An INIT, as a client begins an association (RFC 9260 §3.3.2).</summary>
    public static void SendSctp(TestNamespace from, IPAddress to, ushort port)
    {
        byte[] packet = [0x30, 0x39, (byte)(port >> 8), (byte)port, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1];
        var checksum = ~packet.Aggregate(0xffffffffu, BitOperations.Crc32C);
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(8), checksum);
        using var sender = Sctp(from, to.AddressFamily);
        sender._socket.SendTo(packet, new IPEndPoint(to, 0));
    }

    /// <summary>What a router says of itself and of a /64 prefix to make addresses of (RFC 4861 §4.2, §4.6.2).</summary>
    public static void SendRouterAdvertisement(TestNamespace from, string link, string prefix)
    {
        const int HopLimit = 255;
        byte[] message = [134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 3, 4, 64, 0xc0, 0, 0, 14, 16, 0, 0, 14, 16, 0, 0, 0, 0, .. IPAddress.Parse(prefix).GetAddressBytes()];
        using var route = RouteClient.Open(from.Space);
        using var socket = from.Space.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.IcmpV6));
        socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, HopLimit);
        var everybody = IPAddress.Parse("ff02::1");
        everybody.ScopeId = route.GetLink(link).Index;
        socket.SendTo(message, new IPEndPoint(everybody, 0));
    }

    public async Task<string> ReceiveAsync() => Encoding.ASCII.GetString(await NextAsync());

    /// <summary>Which port the next SCTP packet is for.</summary>
    public async Task<int> ReceiveSctpPortAsync()
    {
        var packet = await NextAsync();
        // IPv4 hands its own header along.
        var start = _socket.AddressFamily is AddressFamily.InterNetwork ? (packet[0] & 0xf) * 4 : 0;
        return BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(start + 2));
    }

    public void Dispose()
    {
        _socket.Dispose();
        _handle?.Dispose();
    }

    private async Task<byte[]> NextAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[2048];
        return buffer[..await _socket.ReceiveAsync(buffer, limit.Token)];
    }
}
