using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Local.Bench;

/// <summary>In-pod DHCP: the rule alone, and the rule behind sockets on a veth pair, answering a raw client.</summary>
public static class DhcpBench
{
    private const int Rounds = 7, Warm = 500, Sequential = 2000, Window = 32;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(300), Lost = TimeSpan.FromSeconds(1);

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse("02:00:0a:f4:01:05"),
        Addresses = [Packets.InterfaceAddress.Parse("10.244.1.5/24")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        NameServers = [IPAddress.Parse("10.96.0.10")],
        Domain = "default.svc.cluster.local",
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        Mtu = 1450,
    };

    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    public static Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct) =>
        // The measuring threads block: not on the pool's.
        Task.Factory.StartNew(() => Run(ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static IReadOnlyList<BenchResult> Run(CancellationToken ct)
    {
        var rule = MeasureRule(ct);
        using var wire = new Wire();
        for (var i = 0; i < Warm; i++) wire.Client.Lease((uint)i);
        var exchange = MeasureExchanges(wire.Client, ct);
        var leases = MeasureLeases(wire.Client, ct);
        return
        [
            BenchResult.AtLeast("answers of the rule, one core", "1/s", 500_000, rule),
            BenchResult.AtMost("DISCOVER to ACK through sockets", "ms", 0.1, exchange),
            BenchResult.AtLeast("four-way leases through sockets", "1/s", 20_000, leases),
        ];
    }

    private static List<double> MeasureRule(CancellationToken ct)
    {
        var responder = new GuestResponder(Lease, Server);
        byte[][] frames = [Question(DhcpMessageType.Discover), Question(DhcpMessageType.Request)];
        var reply = new byte[GuestResponder.MaximumFrame];
        var rates = new List<double>();
        // The first rounds are compiled while they run.
        for (var round = -3; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            var answers = 0;
            while (Stopwatch.GetElapsedTime(started) < RoundTime)
            {
                for (var i = 0; i < 1000; i++)
                    if (responder.Answer(frames[i & 1], reply).Length > 0) answers++;
            }
            if (round >= 0) rates.Add(answers / Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        return rates;
    }

    private static List<double> MeasureExchanges(Client client, CancellationToken ct)
    {
        var times = new List<double>();
        for (var i = 0; i < Sequential; i++)
        {
            ct.ThrowIfCancellationRequested();
            var started = Stopwatch.GetTimestamp();
            client.Lease((uint)i);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return times;
    }

    private static List<double> MeasureLeases(Client client, CancellationToken ct)
    {
        var rates = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            ct.ThrowIfCancellationRequested();
            rates.Add(client.LeasesPerSecond(RoundTime, Window));
        }
        return rates;
    }

    private static byte[] Question(DhcpMessageType type)
    {
        List<DhcpOption> options =
        [
            new(DhcpOptionCode.MessageType, new[] { (byte)type }),
            new(DhcpOptionCode.ClientIdentifier, Convert.FromHexString("0102000af40105")),
            new(DhcpOptionCode.ParameterRequestList, new byte[] { 1, 3, 6, 12, 15, 26, 28, 42, 119, 121 }),
        ];
        if (type == DhcpMessageType.Request)
        {
            options.Add(new(DhcpOptionCode.RequestedAddress, Lease.Addresses[0].Address.GetAddressBytes()));
            options.Add(new(DhcpOptionCode.ServerIdentifier, Server.Address.ToIPAddress().GetAddressBytes()));
        }
        var message = new DhcpPacket { ClientMac = Lease.Mac, Options = DhcpOptions.Of(options) }.ToArray();
        var frame = new byte[Client.Payload + message.Length];
        message.CopyTo(frame, Client.Payload);
        var ip = EthernetFrame.WriteHeader(frame, MacAddress.Broadcast, Lease.Mac, EtherType.Ipv4);
        var udp = ip + Ipv4Packet.HeaderLength;
        UdpDatagram.WriteHeader(frame.AsSpan(udp), Ipv4Address.Any, Ipv4Address.Broadcast, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(ip), default, Ipv4Address.Broadcast, IpProtocol.Udp, frame.Length - udp);
        // The transaction changes from message to message: no checksum, which IPv4 allows.
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(udp + 6), 0);
        return frame;
    }

    /// <summary>A veth pair in two namespaces of its own: a client at one end; at the other the node's loop, one thread and one poller.</summary>
    private sealed class Wire : IDisposable
    {
        private readonly NetworkNamespace _guest = NetworkNamespace.CreateAnonymous(), _node = NetworkNamespace.CreateAnonymous();
        private readonly GuestResponder _responder = new(DhcpBench.Lease, Server);
        private readonly byte[] _frame = new byte[2048], _reply = new byte[GuestResponder.MaximumFrame];
        private readonly Poller _poller = new();
        private readonly PacketSocket _socket;
        private readonly IDisposable _watch;
        private readonly Thread _thread;
        private volatile bool _stopping;

        public Wire()
        {
            using var guest = RouteClient.Open(_guest);
            using var node = RouteClient.Open(_node);
            guest.CreateLink(new NewLink.Veth
            {
                Name = "v0", Mac = DhcpBench.Lease.Mac.ToPhysicalAddress(), Up = true, PeerName = "v1", PeerNamespace = _node,
            });
            var end = node.GetLink("v1").Index;
            node.SetLink(end, new LinkChanges { Up = true });
            _socket = PacketSocket.Open(_node, end, Options(port: 67));
            Client = new Client(PacketSocket.Open(_guest, guest.GetLink("v0").Index, Options(port: 68)));
            _watch = _poller.Watch(_socket.Descriptor, Answer);
            _thread = new Thread(Loop) { IsBackground = true, Name = "dhcp bench" };
            _thread.Start();
        }

        public Client Client { get; }

        public void Dispose()
        {
            _stopping = true;
            _poller.Wake();
            _thread.Join();
            _watch.Dispose();
            _poller.Dispose();
            _socket.Dispose();
            Client.Dispose();
            _guest.Dispose();
            _node.Dispose();
        }

        private static PacketOptions Options(ushort port) => new()
        {
            IgnoreOutgoing = true,
            Filter = PacketFilter.AnyOf([Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(port)]),
        };

        private void Loop()
        {
            while (!_stopping) _poller.Wait(Timeout.InfiniteTimeSpan);
        }

        private void Answer()
        {
            while (_socket.TryReceive(_frame, out var received))
            {
                var answer = _responder.Answer(_frame.AsSpan(0, received.Length), _reply);
                if (answer.Length > 0) _socket.TrySend(_reply.AsSpan(0, answer.Length));
            }
        }
    }

    /// <summary>Speaks frames, so that nothing but the wire and the server is measured.</summary>
    private sealed class Client(PacketSocket socket) : IDisposable
    {
        public const int Payload = EthernetFrame.HeaderLength + Ipv4Packet.HeaderLength + UdpDatagram.HeaderLength;

        private const int Transaction = Payload + 4, FirstOption = Payload + 240;
        private readonly byte[] _discover = Question(DhcpMessageType.Discover), _request = Question(DhcpMessageType.Request), _buffer = new byte[2048];

        /// <summary>DISCOVER, OFFER, REQUEST, ACK.</summary>
        public void Lease(uint transaction)
        {
            Ask(_discover, transaction);
            Expect(DhcpMessageType.Offer);
            Ask(_request, transaction);
            Expect(DhcpMessageType.Ack);
        }

        /// <summary>The same with many under way at a time.</summary>
        public double LeasesPerSecond(TimeSpan time, int window)
        {
            var started = Stopwatch.GetTimestamp();
            var (leases, under) = (0, 0);
            uint next = 0;
            while (under < window)
            {
                Ask(_discover, next++);
                under++;
            }
            while (under > 0)
            {
                if (Receive(out var transaction) == DhcpMessageType.Offer)
                {
                    Ask(_request, transaction);
                    continue;
                }
                leases++;
                if (Stopwatch.GetElapsedTime(started) < time) Ask(_discover, next++);
                else under--;
            }
            return leases / Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        public void Dispose() => socket.Dispose();

        private void Ask(byte[] frame, uint transaction)
        {
            BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(Transaction), transaction);
            if (!socket.TrySend(frame)) throw new InvalidOperationException("the queue of a veth with nothing on it is full");
        }

        private void Expect(DhcpMessageType type)
        {
            var got = Receive(out _);
            if (got != type) throw new InvalidOperationException($"{got} came where {type} was due");
        }

        // Option 53 stands first in all of our replies.
        private DhcpMessageType Receive(out uint transaction)
        {
            while (!socket.TryReceive(_buffer, out _))
                if (!socket.Wait(Lost)) throw new TimeoutException("a message was lost on a veth pair");
            transaction = BinaryPrimitives.ReadUInt32BigEndian(_buffer.AsSpan(Transaction));
            return (DhcpMessageType)_buffer[FirstOption + 2];
        }
    }
}
