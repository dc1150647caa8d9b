using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Migration.Local.Traffic;

/// <summary>What a TCP conversation went through.</summary>
/// <param name="Retransmissions">Segments that this end had to send again.</param>
/// <param name="Broken">The connection was reset, or its last question was never answered.</param>
public sealed record ConversationCounts(int RoundTrips, double LongestStallMs, int Retransmissions, bool Broken);

/// <summary>One TCP connection to an echo server: a question every two milliseconds, each after the answer to the last.</summary>
public sealed class EchoStream : IAsyncDisposable
{
    private const int MessageLength = 16, Remembered = 2000;
    private static readonly TimeSpan PauseBetweenQuestions = TimeSpan.FromMilliseconds(2);

    private readonly Socket _socket;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _talking;
    private int _roundTrips;
    private TimeSpan _longestStall;
    private long _askedAt;
    private bool _waiting;
    private readonly Lock _gate = new(); // protects what was measured lately
    private readonly Queue<TimeSpan> _lately = new();
    private TimeSpan _longestLately;
    private bool _reset;

    private EchoStream(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
        _talking = TalkAsync();
    }

    /// <param name="socket">A TCP socket opened in the client's namespace; owned by the stream from now on.</param>
    public static async Task<EchoStream> ConnectAsync(Socket socket, IPEndPoint server, TimeProvider time, CancellationToken ct)
    {
        socket.NoDelay = true;
        await socket.ConnectAsync(server, ct);
        return new EchoStream(socket, time);
    }

    public int RoundTrips => Volatile.Read(ref _roundTrips);

    /// <summary>Segments that this end had to send again.</summary>
    public int Retransmissions => TcpInfo.Retransmissions(_socket);

    /// <summary>The longest round trip since this was asked last.</summary>
    public TimeSpan TakeLongest()
    {
        lock (_gate)
        {
            var longest = _longestLately;
            _longestLately = TimeSpan.Zero;
            return longest;
        }
    }

    /// <summary>The round trips since this was asked last.</summary>
    public IReadOnlyList<TimeSpan> TakeRoundTrips()
    {
        lock (_gate)
        {
            List<TimeSpan> lately = [.. _lately];
            _lately.Clear();
            return lately;
        }
    }

    /// <summary>Ends the conversation; an unanswered question gets this much patience more.</summary>
    public async Task<ConversationCounts> StopAsync(TimeSpan patience)
    {
        var answered = Volatile.Read(ref _roundTrips);
        using var limit = new CancellationTokenSource(patience, _time);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5), _time);
        while (!_reset && RoundTrips == answered && !limit.IsCancellationRequested)
            await pause.WaitForNextTickAsync(CancellationToken.None);
        var unanswered = RoundTrips == answered;
        await _ending.CancelAsync();
        await _talking;
        var stall = _waiting && unanswered ? Longer(_longestStall, _time.GetElapsedTime(_askedAt)) : _longestStall;
        return new ConversationCounts(_roundTrips, stall.TotalMilliseconds, Retransmissions, _reset || unanswered);
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _talking;
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task TalkAsync()
    {
        var question = new byte[MessageLength];
        var answer = new byte[MessageLength];
        using var pause = new PeriodicTimer(PauseBetweenQuestions, _time);
        try
        {
            while (await pause.WaitForNextTickAsync(_ending.Token))
            {
                BinaryPrimitives.WriteInt32BigEndian(question, _roundTrips);
                _askedAt = _time.GetTimestamp();
                _waiting = true;
                await _socket.SendAsync(question, SocketFlags.None, _ending.Token);
                await ReceiveExactlyAsync(answer);
                if (!question.AsSpan().SequenceEqual(answer))
                    throw new InvalidDataException($"answer {_roundTrips} is not the question");
                _waiting = false;
                Measured(_time.GetElapsedTime(_askedAt));
                Interlocked.Increment(ref _roundTrips);
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception error) when (error is SocketException or InvalidDataException or EndOfStreamException)
        {
            _reset = true;
        }
    }

    private void Measured(TimeSpan took)
    {
        _longestStall = Longer(_longestStall, took);
        lock (_gate)
        {
            _longestLately = Longer(_longestLately, took);
            _lately.Enqueue(took);
            if (_lately.Count > Remembered)
                _lately.Dequeue();
        }
    }

    private async Task ReceiveExactlyAsync(Memory<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var count = await _socket.ReceiveAsync(buffer, SocketFlags.None, _ending.Token);
            if (count == 0)
                throw new EndOfStreamException();
            buffer = buffer[count..];
        }
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
