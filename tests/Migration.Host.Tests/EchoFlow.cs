using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Migration.Linux;

namespace Migration.Host.Tests;

/// <summary>Numbered datagrams at a steady pace to somebody's UDP echo port, from its start until it is finished, and what came back.</summary>
internal sealed class EchoFlow : IDisposable
{
    private const int EchoPort = 7, UnknownMessage = -1;
    private static readonly TimeSpan UsualPace = TimeSpan.FromMilliseconds(5), Limit = TimeSpan.FromSeconds(30);
    private readonly Socket _socket;
    private readonly CancellationTokenSource _enough = new();
    private readonly List<int> _answers = [];
    private readonly Task<int> _sending;

    private EchoFlow(Socket socket, TimeSpan pace) => (_socket, _sending) = (socket, SendAsync(socket, pace, _enough.Token));

    public static EchoFlow Start(NetworkNamespace space, IPAddress target, TimeSpan? pace = null)
    {
        var socket = space.Run(() => new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 1 << 20 });
        socket.Connect(new IPEndPoint(target, EchoPort));
        return new EchoFlow(socket, pace ?? UsualPace);
    }

    /// <summary>Sends no more, and waits for every answer, or until only a loss explains that one is missing.</summary>
    /// <returns>How many were sent, and the numbers that came back, in their order.</returns>
    public async Task<(int Sent, IReadOnlyList<int> Answers)> FinishAsync()
    {
        await _enough.CancelAsync();
        var sent = await _sending;
        using var limit = new CancellationTokenSource(Limit);
        var missing = Enumerable.Range(0, sent).ToHashSet();
        var buffer = new byte[64];
        try
        {
            while (missing.Count > 0)
            {
                var length = await _socket.ReceiveAsync(buffer, limit.Token);
                _answers.Add(length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(buffer) : UnknownMessage);
                missing.Remove(_answers[^1]);
            }
        }
        catch (OperationCanceledException)
        {
            // Something was lost; the answers say so.
        }

        return (sent, _answers);
    }

    public void Dispose()
    {
        _enough.Cancel();
        _socket.Dispose();
        _enough.Dispose();
    }

    private static async Task<int> SendAsync(Socket socket, TimeSpan interval, CancellationToken enough)
    {
        using var pace = new PeriodicTimer(interval);
        var message = new byte[sizeof(int)];
        for (var number = 0; ; number++)
        {
            if (enough.IsCancellationRequested)
                return number;
            BinaryPrimitives.WriteInt32BigEndian(message, number);
            await socket.SendAsync(message, CancellationToken.None);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
