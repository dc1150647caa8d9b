using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// The serving end of SPDY/3.1 as Kubernetes uses it: the client makes streams, each is accepted at once, and both ends write until they say that they are done.
/// There is no flow control by windows: a stream that nobody reads from stops the whole connection after a few megabytes.
/// </summary>
internal sealed class SpdyConnection(Stream transport) : IDisposable
{
    private const int MaximumStreams = 512;
    private const int MaximumData = 32 * 1024;

    private readonly SpdyHeaders _headers = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<uint, SpdyStream> _streams = new();
    private bool _replied;

    /// <summary>Reads frames until the client is gone. Each new stream is handed over; handing over must not wait.</summary>
    /// <exception cref="InvalidDataException">The client does not speak SPDY/3.1, or too much of it.</exception>
    public async Task RunAsync(Action<SpdyStream> accept, CancellationToken ct)
    {
        try
        {
            while (await SpdyFrame.ReadAsync(transport, ct) is { } frame)
            {
                if (frame is { IsControl: true, Type: SpdyFrame.GoAway })
                    return;
                await TakeAsync(frame, accept, ct);
            }
        }
        finally
        {
            foreach (var stream in _streams.Values)
                stream.Abort();
        }
    }

    public async Task SendAsync(uint stream, ReadOnlyMemory<byte> bytes, bool last, CancellationToken ct)
    {
        do
        {
            var piece = bytes[..Math.Min(bytes.Length, MaximumData)];
            bytes = bytes[piece.Length..];
            await SendAsync(SpdyFrame.Data(stream, last && bytes.IsEmpty ? SpdyFrame.Fin : (byte)0, piece), ct);
        }
        while (bytes.Length > 0);
    }

    /// <summary>Both ends are done with a stream.</summary>
    public void Forget(SpdyStream stream) => _streams.TryRemove(stream.Id, out _);

    public void Dispose()
    {
        _headers.Dispose();
        _sending.Dispose();
    }

    private async Task TakeAsync(SpdyFrame frame, Action<SpdyStream> accept, CancellationToken ct)
    {
        if (!frame.IsControl)
        {
            // Data for a stream that is over is no mistake: it was on its way.
            if (_streams.TryGetValue(frame.Stream, out var stream))
                await stream.TakeAsync(frame.Payload, frame.Flags == SpdyFrame.Fin, ct);
            return;
        }

        switch (frame.Type)
        {
            case SpdyFrame.SynStream:
                await OpenAsync(frame, accept, ct);
                break;
            case SpdyFrame.RstStream when frame.Payload.Length >= 4 && _streams.TryRemove(NumberAt(frame.Payload, 0), out var reset):
                reset.Abort();
                break;
            case SpdyFrame.Ping:
                await SendAsync(frame, ct);
                break;
        }
    }

    private async Task OpenAsync(SpdyFrame frame, Action<SpdyStream> accept, CancellationToken ct)
    {
        const int beforeHeaders = 10;
        if (frame.Payload.Length < beforeHeaders || _streams.Count >= MaximumStreams)
            throw new InvalidDataException($"SPDY stream {_streams.Count + 1} of {MaximumStreams} refused");
        var id = NumberAt(frame.Payload, 0) & 0x7fff_ffff;
        var stream = new SpdyStream(this, id, _headers.Read(frame.Payload[beforeHeaders..]));
        if (!_streams.TryAdd(id, stream))
            throw new InvalidDataException($"SPDY stream {id} is open already");
        await ReplyAsync(id, ct);
        if (frame.Flags == SpdyFrame.Fin)
            await stream.TakeAsync(default, last: true, ct);
        accept(stream);
    }

    private Task ReplyAsync(uint id, CancellationToken ct)
    {
        var headers = SpdyHeaders.WriteEmpty(first: !_replied);
        _replied = true;
        var payload = new byte[sizeof(uint) + headers.Length];
        BinaryPrimitives.WriteUInt32BigEndian(payload, id);
        headers.CopyTo(payload, sizeof(uint));
        return SendAsync(SpdyFrame.Control(SpdyFrame.SynReply, 0, payload), ct);
    }

    private async Task SendAsync(SpdyFrame frame, CancellationToken ct)
    {
        await _sending.WaitAsync(ct);
        try
        {
            await transport.WriteAsync(frame.ToBytes(), ct);
            await transport.FlushAsync(ct);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static uint NumberAt(ReadOnlyMemory<byte> payload, int offset) => BinaryPrimitives.ReadUInt32BigEndian(payload.Span[offset..]);
}
