using System.Buffers.Binary;

namespace Migration.Local.Kubelet.Streaming;

/// <summary>
/// A frame of SPDY/3.1: eight bytes of header, then the payload. In a control frame the first word is version and type; in a data frame the
/// stream's number. The second word is flags and length.
/// </summary>
internal readonly record struct SpdyFrame(bool IsControl, int Type, uint Stream, byte Flags, ReadOnlyMemory<byte> Payload)
{
    public const int HeaderSize = 8;
    public const int SynStream = 1, SynReply = 2, RstStream = 3, Ping = 6, GoAway = 7;
    public const byte Fin = 1;

    /// <summary>What spdystream's clients send at once is far below this.</summary>
    public const int MaximumPayload = 1024 * 1024;

    private const ushort ControlVersion = 0x8003;

    public static SpdyFrame Control(int type, byte flags, ReadOnlyMemory<byte> payload) => new(true, type, 0, flags, payload);

    public static SpdyFrame Data(uint stream, byte flags, ReadOnlyMemory<byte> payload) => new(false, 0, stream, flags, payload);

    /// <summary>The next frame, or null at a clean end.</summary>
    /// <exception cref="InvalidDataException">Not SPDY/3.1, or a frame beyond all measure.</exception>
    public static async Task<SpdyFrame?> ReadAsync(Stream stream, CancellationToken ct)
    {
        var header = new byte[HeaderSize];
        if (await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, ct) < HeaderSize)
            return null;
        var first = BinaryPrimitives.ReadUInt32BigEndian(header);
        var second = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
        var length = (int)(second & 0xff_ffff);
        if (length > MaximumPayload)
            throw new InvalidDataException($"SPDY frame of {length} bytes");
        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload, ct);
        var isControl = first >> 31 == 1;
        if (isControl && first >> 16 != ControlVersion)
            throw new InvalidDataException($"SPDY version {(first >> 16) & 0x7fff}, not 3");
        return new SpdyFrame(isControl, isControl ? (int)(first & 0xffff) : 0, isControl ? 0 : first, (byte)(second >> 24), payload);
    }

    public byte[] ToBytes()
    {
        var bytes = new byte[HeaderSize + Payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, IsControl ? (uint)ControlVersion << 16 | (uint)Type : Stream);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), (uint)Flags << 24 | (uint)Payload.Length);
        Payload.CopyTo(bytes.AsMemory(HeaderSize));
        return bytes;
    }
}
