using Migration.Linux;
using Migration.Netlink;
using Migration.Packets;

namespace Migration.Local.Bench;

/// <summary>A veth pair in two namespaces of its own: raw clients at one end, a server at the other.</summary>
internal sealed class DhcpBenchWire : IDisposable
{
    private const string ServerEnd = "v1", ClientEnd = "v0";
    private readonly NetworkNamespace _guest = NetworkNamespace.CreateAnonymous(), _node = NetworkNamespace.CreateAnonymous();
    private readonly IDisposable _server;

    private DhcpBenchWire(Func<NetworkNamespace, string, IDisposable> serve)
    {
        foreach (var space in new[] { _guest, _node })
            Sysctl.Write(space, "net/ipv6/conf/default/dad_transmits", "0");
        using var guest = RouteClient.Open(_guest);
        using var node = RouteClient.Open(_node);
        guest.CreateLink(new NewLink.Veth { Name = ClientEnd, Mac = DhcpBench.Lease.Mac.ToPhysicalAddress(), Up = true, PeerName = ServerEnd, PeerNamespace = _node });
        node.SetLink(node.GetLink(ServerEnd).Index, new LinkChanges { Up = true });
        var link = guest.GetLink(ClientEnd).Index;
        _server = serve(_node, ServerEnd);
        (ClientV4, ClientV6) = (DhcpBenchClient.V4(_guest, link), DhcpBenchClient.V6(_guest, link));
    }

    public DhcpBenchClient ClientV4 { get; }

    public DhcpBenchClient ClientV6 { get; }

    public static DhcpBenchWire ToTheRule() => new((space, link) => new Loop(space, link));

    public static DhcpBenchWire ToDnsmasq() => new((space, link) => new Dnsmasq(space, link));

    public void Dispose()
    {
        _server.Dispose();
        ClientV4.Dispose();
        ClientV6.Dispose();
        _guest.Dispose();
        _node.Dispose();
    }

    /// <summary>The node's loop: one thread, one poller.</summary>
    private sealed class Loop : IDisposable
    {
        private readonly GuestResponder _responder = DhcpBench.Responder();
        private readonly byte[] _frame = new byte[4096], _reply = new byte[GuestResponder.MaximumFrame];
        private readonly Poller _poller = new();
        private readonly PacketSocket _socket;
        private readonly IDisposable _watch;
        private readonly Thread _thread;
        private volatile bool _stopping;

        public Loop(NetworkNamespace space, string link)
        {
            using var route = RouteClient.Open(space);
            _socket = PacketSocket.Open(space, route.GetLink(link).Index, new PacketOptions
            {
                IgnoreOutgoing = true,
                Filter = PacketFilter.AnyOf(
                    [Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(67)],
                    [Match.EtherType(0x86dd), Match.Ipv6NextHeader(17), Match.Ipv6DestinationPort(547)]),
            });
            _watch = _poller.Watch(_socket.Descriptor, Answer);
            _thread = new Thread(Run) { IsBackground = true, Name = "dhcp bench" };
            _thread.Start();
        }

        public void Dispose()
        {
            _stopping = true;
            _poller.Wake();
            _thread.Join();
            _watch.Dispose();
            _poller.Dispose();
            _socket.Dispose();
        }

        private void Run()
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
}
