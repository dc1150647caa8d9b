using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Splits a response's body into messages.</summary>
internal sealed class ResponseFrames(Stream body, string? encoding, int? limit)
{
    // What a length prefix may make us allocate before a single byte of the message has come.
    private const int FirstBuffer = 64 * 1024;

    private readonly byte[] _header = new byte[FrameWriter.HeaderLength];

    /// <summary>Waits for the next message; the body's end is a frame that is none.</summary>
    public async ValueTask<ResponseFrame> ReadAsync(CancellationToken ct)
    {
        var read = await body.ReadAtLeastAsync(_header, _header.Length, throwOnEndOfStream: false, ct);
        if (read == 0) return default;
        if (read < _header.Length) throw Broken("The response ended inside a message's header.");
        var frame = await ReadPayloadAsync(Length(), ct);
        return IsCompressed() ? Decompress(frame) : frame;
    }

    private bool IsCompressed() => _header[0] switch
    {
        0 => false,
        1 when encoding is Gzip.Name => true,
        1 when encoding is null or Gzip.Identity => throw Broken("A compressed message came without grpc-encoding."),
        1 => throw new RpcException(new Status(StatusCode.Internal, $"The server answered in encoding '{encoding}', which was not offered.")),
        var flag => throw Broken($"A message began with the flag {flag}."),
    };

    private int Length()
    {
        _ = IsCompressed();
        var length = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(1));
        if (length > (uint)(limit ?? Array.MaxLength)) throw TooLong($"The response message has {length} bytes");
        return (int)length;
    }

    private async ValueTask<ResponseFrame> ReadPayloadAsync(int length, CancellationToken ct)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(Math.Min(length, FirstBuffer));
        var filled = 0;
        try
        {
            while (filled < length)
            {
                if (filled == buffer.Length) buffer = Larger(buffer, length);
                var read = await body.ReadAsync(buffer.AsMemory(filled, Math.Min(buffer.Length, length) - filled), ct);
                if (read == 0) throw Broken("The response ended inside a message.");
                filled += read;
            }
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
        return new ResponseFrame(buffer, buffer.AsMemory(0, length));
    }

    private static byte[] Larger(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, buffer.Length * 4L));
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private ResponseFrame Decompress(ResponseFrame frame)
    {
        using (frame)
        {
            if (!Gzip.IsSupported) throw new RpcException(new Status(StatusCode.Internal, "The server compressed a message although that was not offered."));
            var plain = new ArrayBufferWriter<byte>();
            try
            {
                if (!Gzip.TryDecompress(new ReadOnlySequence<byte>(frame.Message), plain, limit)) throw TooLong("The response message unpacks to more bytes");
            }
            catch (InvalidDataException e)
            {
                throw Broken($"A message could not be decompressed: {e.Message}");
            }
            return new ResponseFrame(null, plain.WrittenMemory);
        }
    }

    private static RpcException Broken(string detail) => new(new Status(StatusCode.Internal, detail));

    private RpcException TooLong(string what) => new(new Status(StatusCode.ResourceExhausted, $"{what}; the limit is {limit}."));
}
