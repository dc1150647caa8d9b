using System.Net.Sockets;

namespace Grpc.Net.Client;

/// <summary>
/// The transport of a channel to a unix socket. The channel's address then only names the authority:
/// <c>GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = UnixSocketTransport.CreateHandler(path) })</c>.
/// </summary>
public static class UnixSocketTransport
{
    public static SocketsHttpHandler CreateHandler(string path)
    {
        var endPoint = new UnixDomainSocketEndPoint(path);
        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = true,
            ConnectCallback = (_, ct) => ConnectAsync(endPoint, ct),
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            UseCookies = false,
            UseProxy = false,
        };
    }

    private static async ValueTask<Stream> ConnectAsync(UnixDomainSocketEndPoint endPoint, CancellationToken ct)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(endPoint, ct);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            // .NET tells ENOENT as an address that is not available.
            var reason = e.SocketErrorCode == SocketError.AddressNotAvailable ? "there is no such socket" : e.Message;
            throw new IOException($"{endPoint}: {reason}", e);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
