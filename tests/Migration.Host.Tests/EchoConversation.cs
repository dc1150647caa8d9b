using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Linux;

namespace Migration.Host.Tests;

/// <summary>One TCP connection to somebody's echo port: something is said, heard back, and then the next is said.</summary>
internal sealed class EchoConversation : IDisposable
{
    private const int EchoPort = 7;
    private static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(2), Limit = TimeSpan.FromSeconds(60);
    private readonly Socket _socket;
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _talking;
    private volatile int _exchanges;

    private EchoConversation(Socket socket)
    {
        _socket = socket;
        _talking = TalkAsync();
    }

    public static async Task<EchoConversation> StartAsync(NetworkNamespace space, IPAddress target)
    {
        var socket = space.Run(() => new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await socket.ConnectAsync(new IPEndPoint(target, EchoPort));
        return new EchoConversation(socket);
    }

    /// <summary>Waits until the conversation has gone on for some exchanges from now; a connection that broke is an exception.</summary>
    public async Task GoesOnAsync(int exchanges = 20)
    {
        var goal = _exchanges + exchanges;
        using var limit = new CancellationTokenSource(Limit);
        while (_exchanges < goal)
        {
            if (_talking.IsFaulted)
                await _talking;
            await Task.Delay(ThinkTime, limit.Token);
        }
    }

    public void Dispose()
    {
        _ended.Cancel();
        _socket.Dispose();
        _ended.Dispose();
    }

    private async Task TalkAsync()
    {
        var ct = _ended.Token;
        var buffer = new byte[sizeof(int)];
        for (var number = 0; !ct.IsCancellationRequested; number++)
        {
            BinaryPrimitives.WriteInt32BigEndian(buffer, number);
            await _socket.SendAsync(buffer, ct);
            for (var read = 0; read < buffer.Length;)
                read += await _socket.ReceiveAsync(buffer.AsMemory(read), ct) is var length and > 0 ? length : throw new IOException("the other side has ended the conversation");
            if (BinaryPrimitives.ReadInt32BigEndian(buffer) != number)
                throw new IOException($"{BinaryPrimitives.ReadInt32BigEndian(buffer)} came back for {number}");
            _exchanges = number + 1;
            await Task.Delay(ThinkTime, ct);
        }
    }
}
