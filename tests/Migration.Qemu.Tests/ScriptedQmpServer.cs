using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Migration.Linux;

namespace Migration.Qemu.Tests;

/// <summary>A peer on a real socket that says what a test wants it to say: for what a real QEMU does not do on demand.</summary>
internal sealed class ScriptedQmpServer : IDisposable
{
    public const string Greeting =
        """{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian"}, "capabilities": ["oob"]}}""" + "\r\n";

    private readonly Socket _socket;
    private readonly StreamReader _reader;

    private ScriptedQmpServer(Socket socket)
    {
        _socket = socket;
        _reader = new StreamReader(new NetworkStream(socket));
    }

    /// <summary>A session that is negotiated, and its peer.</summary>
    public static async Task<(QmpSession Session, ScriptedQmpServer Server)> ConnectAsync(CancellationToken ct)
    {
        var (server, connecting) = Begin(ct);
        await server.SendAsync(Greeting);
        await server.ReceiveAsync(ct);
        await server.SendAsync("{\"return\": {}}\r\n");
        return (await connecting, server);
    }

    /// <summary>A session that waits for the greeting, and its peer.</summary>
    public static (ScriptedQmpServer Server, Task<QmpSession> Connecting) Begin(CancellationToken ct)
    {
        var (left, right) = UnixSocket.Pair();
        return (new(left), QmpSession.ConnectAsync(right, ct));
    }

    public async Task SendAsync(string text) => await SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
    }

    /// <summary>The next command.</summary>
    public async Task<JsonElement> ReceiveAsync(CancellationToken ct)
    {
        var line = await _reader.ReadLineAsync(ct) ?? throw new EndOfStreamException("the session closed the connection");
        return JsonDocument.Parse(line).RootElement;
    }

    public async Task<long> ReceiveIdAsync(CancellationToken ct) => (await ReceiveAsync(ct)).GetProperty("id").GetInt64();

    public void Dispose() => _socket.Dispose();
}
