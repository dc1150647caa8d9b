using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Migration.Local.Traffic;

/// <summary>One TCP connection that carries as much as it can in one direction, counted in slices of time.</summary>
public sealed class BulkStream : IDisposable
{
    /// <summary>Where a guest of the demo sends for ever, and where it reads and forgets.</summary>
    public const int DownloadPort = 19, UploadPort = 9;

    public static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50);
    private const int Buffer = 128 * 1024, MostSlices = 24_000;

    private readonly Socket _socket;
    private readonly long[] _slices = new long[MostSlices];
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Thread _moving;
    private volatile bool _ends, _broken;

    private BulkStream(Socket socket, bool upload)
    {
        _socket = socket;
        _moving = new Thread(() => Move(upload)) { IsBackground = true, Name = upload ? "upload" : "download" };
        _moving.Start();
    }

    /// <param name="socket">A TCP socket opened in the client's namespace; owned by the stream from now on.</param>
    /// <param name="guest">The guest's address.</param>
    /// <param name="upload">To the guest.</param>
    /// <param name="ct">Ends the attempt to connect.</param>
    public static async Task<BulkStream> ConnectAsync(Socket socket, IPAddress guest, bool upload, CancellationToken ct)
    {
        await socket.ConnectAsync(new IPEndPoint(guest, upload ? UploadPort : DownloadPort), ct);
        socket.ReceiveTimeout = socket.SendTimeout = 200;
        return new BulkStream(socket, upload);
    }

    /// <summary>The connection ended by itself.</summary>
    public bool Broken => _broken;

    public int Retransmissions => TcpInfo.Retransmissions(_socket);

    /// <summary>The slice that is being counted now.</summary>
    public int Now => Math.Min(MostSlices - 1, (int)(Stopwatch.GetElapsedTime(_started) / Slice));

    /// <summary>Megabytes per second within these slices.</summary>
    public double Rate(int from, int to) => to <= from ? 0 : _slices[from..to].Sum() / 1e6 / ((to - from) * Slice.TotalSeconds);

    /// <summary>
    /// From the end of the longest silence within these slices: how long until as much came in a fifth of a second as usually did in the
    /// second before the silence, give or take a fifth. Null if that never was.
    /// </summary>
    public TimeSpan? Recovery(int from, int to)
    {
        const int window = 4, before = 20;
        var (start, length) = LongestSilence(from, to);
        if (length == 0)
            return TimeSpan.Zero;
        var usual = Rate(Math.Max(from, start - before), start);
        for (var slice = start + length; slice + window <= to; slice++)
        {
            if (Rate(slice, slice + window) >= 0.8 * usual)
                return (slice - start - length + window) * Slice;
        }

        return null;
    }

    public void Dispose()
    {
        _ends = true;
        _moving.Join();
        _socket.Dispose();
    }

    private (int Start, int Length) LongestSilence(int from, int to)
    {
        var (start, length, run) = (from, 0, 0);
        for (var slice = from; slice < to; slice++)
        {
            run = _slices[slice] == 0 ? run + 1 : 0;
            if (run > length)
                (start, length) = (slice - run + 1, run);
        }

        return (start, length);
    }

    private void Move(bool upload)
    {
        var buffer = new byte[Buffer];
        while (!_ends)
        {
            try
            {
                var moved = upload ? _socket.Send(buffer) : _socket.Receive(buffer);
                if (moved == 0)
                    break;
                _slices[Now] += moved;
            }
            catch (SocketException quiet) when (quiet.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock or SocketError.TryAgain)
            {
            }
            catch (SocketException)
            {
                break;
            }
        }

        _broken = !_ends;
    }
}
