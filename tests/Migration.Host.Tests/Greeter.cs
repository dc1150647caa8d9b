using System.Net;
using System.Net.Sockets;
using System.Text;
using Migration.Testing;

namespace Migration.Host.Tests;

/// <summary>A TCP server in a namespace, of both families, that tells each client the address it sees it by.</summary>
internal sealed class Greeter : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Task _serving;

    public Greeter(TestNamespace space, int port)
    {
        _listener = space.Space.Run(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true });
        _listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        _listener.Listen();
        _serving = ServeAsync();
    }

    /// <summary>By what address somebody in that namespace is seen who connects there.</summary>
    public static async Task<string> AskAsync(TestNamespace from, IPAddress address, int port)
    {
        using var client = from.Space.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        await client.ConnectAsync(address, port, TestContext.Current.CancellationToken);
        return await ReadAsync(client);
    }

    public static async Task<string> ReadAsync(Socket client)
    {
        await using var stream = new NetworkStream(client);
        return await new StreamReader(stream, Encoding.ASCII).ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _serving;
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                var seen = ((IPEndPoint)client.RemoteEndPoint!).Address;
                await client.SendAsync(Encoding.ASCII.GetBytes((seen.IsIPv4MappedToIPv6 ? seen.MapToIPv4() : seen).ToString()));
                client.Shutdown(SocketShutdown.Both);
            }
        }
        catch (SocketException)
        {
            // Disposed.
        }
    }
}
