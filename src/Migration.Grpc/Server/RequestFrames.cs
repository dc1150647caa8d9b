using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>Splits a request's body into messages. A message is read where it lies in the transport's buffers.</summary>
internal sealed class RequestFrames(PipeReader body, string? encoding, int? limit)
{
    private readonly ReceivedMessage _received = new();

    /// <summary>Has the transport said that the rest of the request will not come?</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Waits for the next message. Null: there are no more.</summary>
    /// <exception cref="OperationCanceledException">The client has given up.</exception>
    public async ValueTask<T?> ReadAsync<T>(Func<DeserializationContext, T> deserializer, CancellationToken ct)
        where T : class
    {
        while (true)
        {
            var result = await ReadBodyAsync(ct);
            var (consumed, examined) = (result.Buffer.Start, result.Buffer.End);
            try
            {
                if (TryCut(result.Buffer, out var compressed, out var payload))
                {
                    (consumed, examined) = (payload.End, payload.End);
                    return Read(payload, compressed, deserializer);
                }
                if (result.IsCompleted) return result.Buffer.IsEmpty ? null : throw Broken("The request ended inside a message.");
            }
            finally
            {
                Advance(consumed, examined);
            }
        }
    }

    public async ValueTask<bool> IsAtEndAsync(CancellationToken ct)
    {
        while (true)
        {
            var result = await ReadBodyAsync(ct);
            var empty = result.Buffer.IsEmpty;
            Advance(result.Buffer.End, result.Buffer.End);
            if (!empty) return false;
            if (result.IsCompleted) return true;
        }
    }

    private async ValueTask<ReadResult> ReadBodyAsync(CancellationToken ct)
    {
        try
        {
            return await body.ReadAsync(ct);
        }
        catch (IOException e)
        {
            throw ClientGone(e);
        }
    }

    private void Advance(SequencePosition consumed, SequencePosition examined)
    {
        try
        {
            body.AdvanceTo(consumed, examined);
        }
        catch (IOException e)
        {
            throw ClientGone(e);
        }
    }

    private OperationCanceledException ClientGone(IOException cause)
    {
        IsBroken = true;
        return new OperationCanceledException("The client has ended the call.", cause);
    }

    private bool TryCut(ReadOnlySequence<byte> buffer, out bool compressed, out ReadOnlySequence<byte> payload)
    {
        compressed = false;
        payload = default;
        if (buffer.Length < FrameWriter.HeaderLength) return false;
        Span<byte> header = stackalloc byte[FrameWriter.HeaderLength];
        buffer.Slice(0, FrameWriter.HeaderLength).CopyTo(header);
        compressed = IsCompressed(header[0]);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (length > (uint)(limit ?? int.MaxValue)) throw TooLong($"The request message has {length} bytes");
        if (buffer.Length - FrameWriter.HeaderLength < length) return false;
        payload = buffer.Slice(FrameWriter.HeaderLength, length);
        return true;
    }

    private bool IsCompressed(byte flag) => flag switch
    {
        0 => false,
        1 when encoding == Gzip.Name => true,
        1 => throw Broken("A compressed message came without grpc-encoding."),
        _ => throw Broken($"A message began with the flag {flag}."),
    };

    private T Read<T>(ReadOnlySequence<byte> payload, bool compressed, Func<DeserializationContext, T> deserializer)
    {
        try
        {
            return _received.Read(compressed ? Decompress(payload) : payload, deserializer);
        }
        catch (Exception e) when (e is not RpcException)
        {
            throw Broken($"A request message could not be read: {e.Message}");
        }
    }

    private ReadOnlySequence<byte> Decompress(ReadOnlySequence<byte> payload)
    {
        var plain = new ArrayBufferWriter<byte>();
        if (!Gzip.TryDecompress(payload, plain, limit)) throw TooLong("The request message unpacks to more bytes");
        return new ReadOnlySequence<byte>(plain.WrittenMemory);
    }

    private static RpcException Broken(string detail) => new(new Status(StatusCode.Internal, detail));

    private RpcException TooLong(string what) => new(new Status(StatusCode.ResourceExhausted, $"{what}; the limit is {limit}."));
}
