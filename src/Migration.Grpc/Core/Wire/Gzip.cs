using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Compression;

namespace Grpc.Core;

/// <summary>
/// The one message encoding besides identity. A program that sets the switch Grpc.Gzip to false (and trims) carries no
/// compression code and refuses compressed messages.
/// </summary>
internal static class Gzip
{
    public const string Name = "gzip";
    public const string Identity = "identity";

    [FeatureSwitchDefinition("Grpc.Gzip")]
    public static bool IsSupported => !AppContext.TryGetSwitch("Grpc.Gzip", out var enabled) || enabled;

    /// <summary>What we say in grpc-accept-encoding.</summary>
    public static string Accepted => IsSupported ? "identity,gzip" : Identity;

    public static void Compress(ReadOnlySpan<byte> message, FrameWriter frame, CompressionLevel level)
    {
        frame.Begin();
        using (var gzip = new GZipStream(new FrameStream(frame), level))
        {
            gzip.Write(message);
        }
        frame.WriteHeader(compressed: true);
    }

    /// <summary>Unpacks a message (nothing unpacks to nothing: .NET's compressor writes not even a header then). False when it would be longer than the limit, however much longer.</summary>
    /// <exception cref="InvalidDataException">It is not gzip.</exception>
    public static bool TryDecompress(ReadOnlySequence<byte> message, ArrayBufferWriter<byte> output, int? limit)
    {
        using var input = new MemoryStream(message.ToArray(), writable: false);
        using var gzip = new GZipStream(input, CompressionMode.Decompress);
        while (true)
        {
            var read = gzip.Read(output.GetSpan(4096));
            if (read == 0) return true;
            output.Advance(read);
            if (output.WrittenCount > limit) return false;
        }
    }

    /// <summary>Lets the compressor write into a frame.</summary>
    private sealed class FrameStream(FrameWriter frame) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer) => frame.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => frame.Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
