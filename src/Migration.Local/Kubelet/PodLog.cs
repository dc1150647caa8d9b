using System.Globalization;
using System.Text;
using Migration.Local.ApiServer;

namespace Migration.Local.Kubelet;

/// <summary>A container's log file as <c>kubectl logs</c> wants it: from some line on, with times or without, followed or not.</summary>
internal sealed class PodLog : Stream
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private const int PieceSize = 32 * 1024;

    private readonly FileStream _file;
    private readonly string _path;
    private readonly PodLogOptions _options;
    private readonly Func<bool> _ended;
    private readonly TimeProvider _time;
    private readonly byte[] _piece = new byte[PieceSize];
    private IReadOnlyList<(long Offset, DateTimeOffset Time)> _times = [];
    private ReadOnlyMemory<byte> _pending;
    private long _left;
    private bool _atLineStart = true;

    private PodLog(string path, PodLogOptions options, Func<bool> ended, TimeProvider time)
    {
        _path = path;
        _options = options;
        _ended = ended;
        _time = time;
        _left = options.LimitBytes ?? long.MaxValue;
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    /// <param name="ended">Whether nobody writes any more: a log that is followed ends then.</param>
    public static Stream Open(string file, PodLogOptions options, Func<bool> ended, TimeProvider time)
    {
        var log = new PodLog(file, options, ended, time);
        log.SeekToStart();
        return log;
    }

    /// <summary>Its last bytes, whole lines of them.</summary>
    public static string Tail(string file, int size)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var start = Math.Max(0, stream.Length - size);
        stream.Seek(start, SeekOrigin.Begin);
        var bytes = new byte[stream.Length - start];
        stream.ReadExactly(bytes);
        var text = Encoding.UTF8.GetString(bytes);
        return start == 0 ? text : text[(text.IndexOf('\n', StringComparison.Ordinal) + 1)..];
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_pending.IsEmpty)
            _pending = await NextAsync(cancellationToken);
        var count = (int)Math.Min(Math.Min(buffer.Length, _pending.Length), _left);
        _pending[..count].CopyTo(buffer);
        _pending = _pending[count..];
        _left -= count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read it asynchronously");

    public override void Flush()
    {
        // Nothing is written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _file.Dispose();
        base.Dispose(disposing);
    }

    private async Task<ReadOnlyMemory<byte>> NextAsync(CancellationToken ct)
    {
        while (true)
        {
            // Asked before reading: what was written before the end is read after it.
            var last = !_options.Follow || _ended();
            var offset = _file.Position;
            var count = await _file.ReadAsync(_piece, ct);
            if (count > 0)
                return _options.Timestamps ? WithTimes(_piece.AsSpan(0, count), offset) : _piece.AsMemory(0, count);
            if (last)
                return default;
            await Task.Delay(Pause, _time, ct);
        }
    }

    private byte[] WithTimes(ReadOnlySpan<byte> piece, long offset)
    {
        _times = ContainerLog.ReadTimes(_path);
        using var text = new MemoryStream(piece.Length * 2);
        while (piece.Length > 0)
        {
            if (_atLineStart)
                text.Write(Encoding.ASCII.GetBytes(TimeAt(offset).ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'00Z '", CultureInfo.InvariantCulture)));
            var end = piece.IndexOf((byte)'\n');
            var line = end < 0 ? piece : piece[..(end + 1)];
            text.Write(line);
            _atLineStart = end >= 0;
            offset += line.Length;
            piece = piece[line.Length..];
        }

        return text.ToArray();
    }

    /// <summary>When the byte at an offset was written: with the last piece that begins at or before it.</summary>
    private DateTimeOffset TimeAt(long offset)
    {
        var (low, high) = (0, _times.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_times[middle].Offset <= offset)
                low = middle + 1;
            else
                high = middle;
        }

        return low > 0 ? _times[low - 1].Time : DateTimeOffset.UnixEpoch;
    }

    private void SeekToStart()
    {
        var start = _options.TailLines is { } lines ? TailStart(lines) : 0;
        var since = _options.SinceSeconds is { } seconds ? _time.GetUtcNow().AddSeconds(-seconds) : _options.SinceTime;
        if (since is { } moment)
            start = Math.Max(start, StartOfTime(moment));
        _file.Seek(start, SeekOrigin.Begin);
    }

    private long StartOfTime(DateTimeOffset moment)
    {
        foreach (var (offset, time) in ContainerLog.ReadTimes(_path))
        {
            if (time >= moment)
                return offset;
        }

        return _file.Length;
    }

    private long TailStart(long lines)
    {
        var end = _file.Length;
        if (lines == 0)
            return end;
        for (var position = end; position > 0;)
        {
            var size = (int)Math.Min(position, PieceSize);
            position -= size;
            _file.Seek(position, SeekOrigin.Begin);
            _file.ReadExactly(_piece, 0, size);
            for (var i = size - 1; i >= 0; i--)
            {
                // The newline that ends the last line is not a line of its own.
                if (_piece[i] == '\n' && position + i != end - 1 && --lines == 0)
                    return position + i + 1;
            }
        }

        return 0;
    }
}
