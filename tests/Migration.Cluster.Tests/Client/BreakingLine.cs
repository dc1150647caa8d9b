using System.Net;
using System.Net.Sockets;

namespace Migration.Cluster.Tests.Client;

/// <summary>
/// A TCP line to a server on which every connection goes silent after a random number of bytes, wherever that is, and is
/// reset a moment later. (Without the moment the reset would overtake everything sent before it, every time.)
/// </summary>
public sealed class BreakingLine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _server;
    private readonly Random _random;
    private readonly Task _loop;
    private int _breaks;

    public BreakingLine(Uri server, int seed)
    {
        _server = server;
        _random = new Random(seed);
        _listener.Start();
        _loop = AcceptAsync(_stop.Token);
    }

    public Uri Url => new($"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    /// <summary>How many connections have been broken so far.</summary>
    public int Breaks => Volatile.Read(ref _breaks);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync(CancellationToken ct)
    {
        var lines = new List<Task>();
        try
        {
            while (true)
                lines.Add(CarryAsync(await _listener.AcceptSocketAsync(ct), _random.Next(4_000, 40_000), ct));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(lines);
        }
    }

    private async Task CarryAsync(Socket client, int bytes, CancellationToken ct)
    {
        // Closing with unread data, and without lingering, is a reset.
        client.LingerState = new LingerOption(true, 0);
        using var server = new Socket(SocketType.Stream, ProtocolType.Tcp);
        using (client)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(ct);
            try
            {
                await server.ConnectAsync(_server.Host, _server.Port, ct);
                await Task.WhenAny(CopyAsync(client, server, int.MaxValue, over.Token), CopyAsync(server, client, bytes, over.Token));
                await Task.Delay(50, ct);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException)
            {
            }
            await over.CancelAsync();
        }
        Interlocked.Increment(ref _breaks);
    }

    private static async Task CopyAsync(Socket from, Socket to, int most, CancellationToken ct)
    {
        var buffer = new byte[4096];
        try
        {
            while (most > 0)
            {
                var count = await from.ReceiveAsync(buffer.AsMemory(0, Math.Min(buffer.Length, most)), ct);
                if (count == 0)
                    return;
                await to.SendAsync(buffer.AsMemory(0, count), ct);
                most -= count;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
    }
}
