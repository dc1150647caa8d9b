using System.Net;
using System.Net.Sockets;

namespace Migration.Grpc.Tests;

/// <summary>Speaks just enough HTTP/2 for a connection to be made, then reads and never says another word.</summary>
internal sealed class SilentPeer : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener;
    private readonly Task _serving;

    private SilentPeer(TcpListener listener)
    {
        _listener = listener;
        _serving = ServeAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    public static SilentPeer Start()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new SilentPeer(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving;
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            using var socket = await _listener.AcceptSocketAsync(_stop.Token);
            byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
            byte[] settingsSeen = [0, 0, 0, 4, 1, 0, 0, 0, 0];
            await socket.SendAsync(settings, _stop.Token);
            await socket.SendAsync(settingsSeen, _stop.Token);
            var buffer = new byte[4096];
            while (await socket.ReceiveAsync(buffer, _stop.Token) > 0)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The test is over, or the client has hung up.
        }
    }
}
