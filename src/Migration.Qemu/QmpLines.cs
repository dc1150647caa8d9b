using System.Net.Sockets;

namespace Migration.Qemu;

/// <summary>The lines that QEMU sends, however the socket cuts them.</summary>
internal sealed class QmpLines(Socket socket)
{
    /// <summary>No answer of any QEMU comes near this (query-qmp-schema is the longest, a third of a megabyte).</summary>
    internal const int Limit = 10 * 1024 * 1024;

    private byte[] _buffer = new byte[16 * 1024];
    private int _start, _end;

    /// <summary>The next line that is not empty, without its end. Valid until the next call.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken ct)
    {
        for (var searched = _start; ;)
        {
            var newline = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (newline >= 0)
            {
                var line = _buffer.AsMemory(_start, searched + newline - _start);
                searched = _start = searched + newline + 1;
                if (!line.Span.Trim(" \r\t"u8).IsEmpty)
                    return line;
                continue;
            }

            var length = _end - _start;
            await FillAsync(ct);
            searched = _start + length;
        }
    }

    private async ValueTask FillAsync(CancellationToken ct)
    {
        MakeRoom();
        int received;
        try
        {
            received = await socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, ct);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            throw QmpException.Ended("read", cause is SocketException ? cause.Message : "the session was closed", cause);
        }

        if (received == 0)
            throw QmpException.Ended("read", "QEMU closed the connection");
        _end += received;
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end < _buffer.Length)
            return;
        if (_end >= Limit)
            throw QmpException.Ended("read", $"a line is longer than {Limit} bytes");
        Array.Resize(ref _buffer, Math.Min(Limit, _buffer.Length * 2));
    }
}
