using System.Net.WebSockets;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// v4.channel.k8s.io and v5.channel.k8s.io (kubernetes.io/docs, KEP-4006): the first byte of a WebSocket message says which of several streams the
/// rest belongs to. v5 adds channel 255, whose byte names a stream that the client has closed.
/// </summary>
internal sealed class ChannelSocket(WebSocket socket) : IDisposable
{
    public const byte Input = 0, Output = 1, Errors = 2, Status = 3, Resize = 4, Close = 255;
    public static readonly string[] Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    private const int PieceSize = 32 * 1024;

    private readonly SemaphoreSlim _sending = new(1);

    public async Task SendAsync(byte channel, ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        var message = new byte[bytes.Length + 1];
        message[0] = channel;
        bytes.CopyTo(message.AsMemory(1));
        await _sending.WaitAsync(ct);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, ct);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Hands over what the client sends, piece by piece, until it closes the connection.</summary>
    public async Task ReceiveAsync(Func<byte, ReadOnlyMemory<byte>, Task> take, CancellationToken ct)
    {
        var buffer = new byte[PieceSize];
        byte? channel = null;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), ct);
            if (received.MessageType == WebSocketMessageType.Close)
                return;
            var piece = buffer.AsMemory(0, received.Count);
            if (channel is null && piece.Length > 0)
            {
                channel = piece.Span[0];
                piece = piece[1..];
            }

            if (channel is { } known && piece.Length > 0)
                await take(known, piece);
            // A message of any length, also one of many fragments, is never kept.
            if (received.EndOfMessage)
                channel = null;
        }
    }

    public async Task CloseAsync(CancellationToken ct)
    {
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, ct);
    }

    public void Dispose()
    {
        socket.Dispose();
        _sending.Dispose();
    }
}
