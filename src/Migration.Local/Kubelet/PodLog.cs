using Migration.Local.ApiServer;

namespace Migration.Local.Kubelet;

/// <summary>A container's log file as <c>kubectl logs</c> wants it.</summary>
internal static class PodLog
{
    private const int TailWindow = 1 << 20;

    public static Stream Open(string file, PodLogOptions options, TimeProvider time, CancellationToken ct)
    {
        var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        if (options.TailLines is { } lines)
            SeekToTail(stream, lines);
        return options.Follow ? new FollowedFile(stream, time, ct) : stream;
    }

    private static void SeekToTail(FileStream stream, long lines)
    {
        var window = new byte[Math.Min(stream.Length, TailWindow)];
        stream.Seek(-window.Length, SeekOrigin.End);
        stream.ReadExactly(window);
        var position = window.Length;
        for (var wanted = lines + 1; position > 0 && wanted > 0; position--)
        {
            // The newline that ends the last line is not a line of its own.
            if (window[position - 1] == '\n' && position != window.Length && --wanted == 0)
                break;
        }

        stream.Seek(position - window.Length, SeekOrigin.End);
    }

    /// <summary>A file that is still being written: reading at its end waits for more.</summary>
    private sealed class FollowedFile(FileStream file, TimeProvider time, CancellationToken ct) : Stream
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!ct.IsCancellationRequested)
            {
                var count = await file.ReadAsync(buffer, cancellationToken);
                if (count > 0)
                    return count;
                await Task.Delay(Pause, time, cancellationToken);
            }

            return 0;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("read it asynchronously");
        public override void Flush() { }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                file.Dispose();
            base.Dispose(disposing);
        }
    }
}
