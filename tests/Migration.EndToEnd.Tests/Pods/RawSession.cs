using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Migration.Kubernetes;

namespace Migration.EndToEnd.Tests.Pods;

/// <summary>A client that says what it likes on a WebSocket into a pod, by whatever name of a protocol. It leaves without a word.</summary>
internal sealed class RawSession : IDisposable
{
    private readonly TcpClient _connection;
    private readonly WebSocket _socket;

    private RawSession(TcpClient connection, WebSocket socket)
    {
        _connection = connection;
        _socket = socket;
    }

    public static async Task<RawSession> OpenAsync(string kubeconfig, string path, string protocol, CancellationToken ct)
    {
        var config = KubernetesConfig.FromKubeconfig(kubeconfig);
        var connection = new TcpClient();
        await connection.ConnectAsync(config.Server.Host, config.Server.Port, ct);
        var stream = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = config.Server.Host, ClientCertificates = [config.ClientCertificate!] }, ct);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {config.Server.Authority}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + $"Sec-WebSocket-Key: {Convert.ToBase64String(RandomNumberGenerator.GetBytes(16))}\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"), ct);
        var answer = await ReadHeadAsync(stream, ct);
        Assert.StartsWith("HTTP/1.1 101", answer, StringComparison.Ordinal);
        Assert.Contains($"Sec-WebSocket-Protocol: {protocol}\r\n", answer, StringComparison.OrdinalIgnoreCase);
        return new RawSession(connection, WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = false }));
    }

    public async Task SendAsync(byte[] message, CancellationToken ct) => await _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Binary, endOfMessage: true, ct);

    public async Task<byte[]> ReceiveAsync(CancellationToken ct)
    {
        var buffer = new byte[4096];
        var received = await _socket.ReceiveAsync(buffer.AsMemory(), ct);
        return buffer[..received.Count];
    }

    public void Dispose()
    {
        _connection.Dispose();
        _socket.Dispose();
    }

    private static async Task<string> ReadHeadAsync(Stream stream, CancellationToken ct)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await stream.ReadAsync(one, ct) > 0)
            head.Append((char)one[0]);
        return head.ToString();
    }
}
