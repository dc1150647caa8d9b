using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a message is written: either all at once, or to a buffer writer and then completed.</summary>
public abstract class SerializationContext
{
    /// <summary>The message is these bytes.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>Says how long the message will be, before it is written.</summary>
    public virtual void SetPayloadLength(int payloadLength) => throw new NotSupportedException();

    /// <summary>The message is what was written to the buffer writer.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}
