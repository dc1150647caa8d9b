using System.Buffers;
using System.Buffers.Binary;

namespace Grpc.Core;

/// <summary>
/// Writes one message as it goes over the wire: a flag (compressed or not), the length in four bytes (big endian), the message.
/// The buffer is one array: exactly as long as the frame when the message says its length first, from the pool otherwise.
/// </summary>
internal sealed class FrameWriter : SerializationContext, IBufferWriter<byte>
{
    public const int HeaderLength = 5;

    private byte[] _buffer = [];
    private int _written;
    private bool _completed;

    /// <summary>The frame: header and message.</summary>
    public ReadOnlyMemory<byte> Frame => _buffer.AsMemory(0, _written);

    public ReadOnlyMemory<byte> Message => _buffer.AsMemory(HeaderLength, _written - HeaderLength);

    public void Write<T>(T message, Action<T, SerializationContext> serializer, int? limit)
    {
        _written = HeaderLength;
        _completed = false;
        Reserve(0);
        serializer(message, this);
        if (!_completed) throw new InvalidOperationException("The serializer did not complete the message.");
        var length = _written - HeaderLength;
        if (length > limit)
        {
            throw new RpcException(new Status(StatusCode.ResourceExhausted, $"The message to send has {length} bytes; the limit is {limit}."));
        }
        WriteHeader(compressed: false);
    }

    public override void Complete(byte[] payload)
    {
        Reserve(payload.Length);
        payload.CopyTo(_buffer.AsSpan(_written));
        _written += payload.Length;
        _completed = true;
    }

    public override void SetPayloadLength(int payloadLength) => Reserve(payloadLength);

    public override IBufferWriter<byte> GetBufferWriter() => this;

    public override void Complete() => _completed = true;

    public void Advance(int count) => _written += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _buffer.AsMemory(_written);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    /// <summary>Starts a frame that is written by hand, and ends it.</summary>
    public void Begin()
    {
        _written = HeaderLength;
        Reserve(0);
    }

    public void WriteHeader(bool compressed)
    {
        _buffer[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(1), _written - HeaderLength);
    }

    /// <summary>Gives the buffer back; the frame must not be used any more.</summary>
    public void Release()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _written = 0;
    }

    private void Reserve(int count)
    {
        var needed = Math.Max(_written, HeaderLength) + count;
        if (needed <= _buffer.Length) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, _buffer.Length * 2));
        _buffer.AsSpan(0, Math.Min(_written, _buffer.Length)).CopyTo(larger);
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
