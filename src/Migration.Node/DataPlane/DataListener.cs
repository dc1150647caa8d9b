using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Migration.Node.DataPlane;

/// <summary>
/// The port where other nodes bring guest memory. QEMU never listens on the network: a connection reaches it only after its
/// peer has shown the right certificate and the migration's token. Everything else is closed and counted.
/// </summary>
internal sealed class DataListener : IDisposable
{
    private const int MaxStrangers = 64;
    private static readonly TimeSpan HandshakeLimit = TimeSpan.FromSeconds(5);
    private readonly ConcurrentDictionary<string, Expectation> _expected = new();
    private readonly Socket _socket;
    private readonly NodeIdentity? _identity;
    private readonly NodeMetrics _metrics;
    private readonly ILogger _log;
    private readonly Thread _thread;
    private int _strangers;

    public DataListener(IPEndPoint endpoint, NodeIdentity? identity, NodeMetrics metrics, ILogger<DataListener> log)
    {
        _identity = identity;
        _metrics = metrics;
        _log = log;
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(endpoint);
        _socket.Listen(64);
        Endpoint = (IPEndPoint)_socket.LocalEndPoint!;
        _thread = new Thread(Accept) { IsBackground = true, Name = "data listener" };
        _thread.Start();
    }

    public IPEndPoint Endpoint { get; }

    public void Expect(Expectation expectation)
    {
        if (_expected.TryGetValue(expectation.MigrationId, out var previous))
            previous.Close();
        _expected[expectation.MigrationId] = expectation;
    }

    public void Forget(Expectation expectation)
    {
        _expected.TryRemove(KeyValuePair.Create(expectation.MigrationId, expectation));
        expectation.Close();
    }

    public void Dispose()
    {
        _socket.Dispose();
        _thread.Join();
    }

    private void Accept()
    {
        while (true)
        {
            Socket peer;
            try
            {
                peer = _socket.Accept();
            }
            catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
            {
                if (_socket.SafeHandle.IsClosed)
                    return;
                continue;
            }

            if (Interlocked.Increment(ref _strangers) > MaxStrangers)
                TurnAway(peer, "too many connections that have not proved themselves");
            else
                new Thread(() => Receive(peer)) { IsBackground = true, Name = "data peer" }.Start();
        }
    }

    private void Receive(Socket peer)
    {
        try
        {
            DataSocket.Tune(peer);
            DataSocket.Limit(peer, HandshakeLimit);
            if (Authenticate(peer) is not { } offered)
                return;
            var (expectation, connection) = offered;
            DataSocket.Limit(peer, TimeSpan.Zero);
            Interlocked.Decrement(ref _strangers);
            if (!expectation.Offer(connection))
                connection.Dispose();
        }
        catch (Exception failure) when (failure is IOException or SocketException or System.Security.Authentication.AuthenticationException or ObjectDisposedException or InvalidOperationException)
        {
            TurnAway(peer, failure.Message);
        }
    }

    private (Expectation, DataConnection)? Authenticate(Socket peer)
    {
        var first = new byte[1];
        if (peer.Receive(first, SocketFlags.Peek) == 0)
            return TurnAway(peer, "it said nothing");
        const byte tlsHandshake = 0x16;
        var tls = first[0] == tlsHandshake;
        if (tls && _identity is null)
            return TurnAway(peer, "this node has no certificates");

        Stream stream = new NetworkStream(peer);
        string? name = null;
        if (tls)
        {
            var secured = new SslStream(stream, leaveInnerStreamOpen: false);
            secured.AuthenticateAsServer(_identity!.ServerOptions());
            name = NodeIdentity.NodeName(secured.RemoteCertificate);
            stream = secured;
        }

        if (ChannelHeader.Read(stream) is not { } header)
            return TurnAway(peer, "what it said is not a migration channel's header");
        if (!_expected.TryGetValue(header.MigrationId, out var expectation) || expectation.Encrypted != tls)
            return TurnAway(peer, $"migration {header.MigrationId} is not expected this way");
        if (!expectation.Admits(header, name))
            return TurnAway(peer, $"channel {header.Channel} of migration {header.MigrationId} is not for {name ?? "it"}");
        return (expectation, new DataConnection(peer, stream, header.Channel));
    }

    private (Expectation, DataConnection)? TurnAway(Socket peer, string reason)
    {
        Interlocked.Decrement(ref _strangers);
        _metrics.DataConnectionRefused();
        Log.DataConnectionRefused(_log, Remote(peer), reason);
        peer.Dispose();
        return null;
    }

    private static string Remote(Socket peer)
    {
        try
        {
            return peer.RemoteEndPoint?.ToString() ?? "?";
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            return "?";
        }
    }
}
