using Migration.Linux;

namespace Migration.Local.Kubelet;

/// <summary>A pseudo terminal as a stream. The kernel cannot say when there is something to read without blocking a thread, so a thread of its own blocks.</summary>
internal sealed class TerminalStream(PseudoTerminal terminal) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        await OnThread(() => terminal.Read(buffer.Span)).WaitAsync(cancellationToken);

    /// <summary>A terminal takes a few kilobytes and then waits for its program; what is written to one that nobody has open is lost.</summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        await OnThread(() => WriteAll(buffer)).WaitAsync(cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => terminal.Read(buffer.AsSpan(offset, count));

    public override void Write(byte[] buffer, int offset, int count) => WriteAll(buffer.AsMemory(offset, count));

    public override void Flush()
    {
        // Nothing is kept.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    private static Task<T> OnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private int WriteAll(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            for (var left = bytes.Span; left.Length > 0;)
                left = left[terminal.Descriptor.Write(left)..];
        }
        catch (LinuxException closed) when (closed.Errno == Errno.EIO)
        {
            // Its program has ended.
        }

        return bytes.Length;
    }
}
