using System.IO.Pipelines;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>One stream that the client opened.</summary>
internal sealed class SpdyStream(SpdyConnection connection, uint id, IReadOnlyDictionary<string, string> headers)
{
    private const int Waiting = 4 * 1024 * 1024;

    private readonly Pipe _received = new(new PipeOptions(pauseWriterThreshold: Waiting, resumeWriterThreshold: Waiting / 2, useSynchronizationContext: false));
    private bool _ended;

    public uint Id => id;

    /// <summary>What the client sends, up to its end of it.</summary>
    public PipeReader Input => _received.Reader;

    public string Header(string name) => headers.GetValueOrDefault(name, "");

    public Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct) => connection.SendAsync(id, bytes, last: false, ct);

    /// <summary>We have said everything.</summary>
    public Task EndAsync(CancellationToken ct) => connection.SendAsync(id, default, last: true, ct);

    /// <summary>Nobody uses it any more.</summary>
    public void Forget()
    {
        connection.Forget(this);
        // Whoever still sends into it must not wait for a reader.
        _received.Reader.Complete();
    }

    /// <summary>Takes what came; called by the connection alone.</summary>
    public async Task TakeAsync(ReadOnlyMemory<byte> bytes, bool last, CancellationToken ct)
    {
        if (_ended)
            return;
        if (bytes.Length > 0)
            await _received.Writer.WriteAsync(bytes, ct);
        if (!last)
            return;
        _ended = true;
        await _received.Writer.CompleteAsync();
    }

    /// <summary>The client gave it up; called by the connection alone.</summary>
    public void Abort()
    {
        _ended = true;
        _received.Writer.Complete(new IOException("the client has closed the stream"));
    }
}
