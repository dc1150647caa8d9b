namespace Grpc.Core;

/// <summary>How a message is to be written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>Sent at once, with what preceded it.</summary>
    BufferHint = 0x1,

    /// <summary>Not compressed, whatever the call says.</summary>
    NoCompress = 0x2,
}
