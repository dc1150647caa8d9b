using System.Net;
using System.Net.Sockets;
using Migration.Linux;

namespace Migration.Local.Cluster;

/// <summary>A port of the machine's loopback that leads to an address inside a namespace: so that a browser sees what runs there.</summary>
public sealed class LoopbackDoor : IAsyncDisposable
{
    /// <summary>A browser opens a handful.</summary>
    private const int Limit = 64;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly SemaphoreSlim _places = new(Limit);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _space;
    private readonly IPEndPoint _behind;
    private readonly Task _accepting;

    public LoopbackDoor(string space, IPEndPoint behind)
    {
        (_space, _behind) = (space, behind);
        _listener.Start();
        _accepting = AcceptAsync(_stop.Token);
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}/");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync(CancellationToken ct)
    {
        while (true)
        {
            await _places.WaitAsync(ct);
            var inside = await _listener.AcceptSocketAsync(ct);
            _ = LeadAsync(inside, ct);
        }
    }

    private async Task LeadAsync(Socket visitor, CancellationToken ct)
    {
        try
        {
            using var space = NetworkNamespace.Open(_space);
            using var inner = space.Run(() => new Socket(_behind.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
            await inner.ConnectAsync(_behind, ct);
            await using var outside = new NetworkStream(visitor);
            await using var inside = new NetworkStream(inner);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ct);
            await Task.WhenAny(outside.CopyToAsync(inside, either.Token), inside.CopyToAsync(outside, either.Token));
            await either.CancelAsync();
        }
        catch (Exception gone) when (gone is SocketException or IOException or OperationCanceledException)
        {
            // Nobody there (the controllers are just starting), or somebody left: the browser tries again.
        }
        finally
        {
            visitor.Dispose();
            _places.Release();
        }
    }
}
