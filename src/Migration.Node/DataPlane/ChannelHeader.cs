using System.Buffers.Binary;
using System.Text;

namespace Migration.Node.DataPlane;

/// <summary>
/// What a source says first on every data connection; the target answers one byte, 1 for welcome, or closes.
/// <code>
///   0        4         6      7        8            8+i           8+i+t
///   | "MGR1" | channel | i    | t      | id (i)     | token (t)   |
/// </code>
/// </summary>
internal sealed record ChannelHeader(string MigrationId, byte[] Token, int Channel)
{
    public const byte Welcome = 1;
    public const int FixedSize = 8;

    private static ReadOnlySpan<byte> Magic => "MGR1"u8;

    public byte[] Encode()
    {
        var id = Encoding.ASCII.GetBytes(MigrationId);
        var bytes = new byte[FixedSize + id.Length + Token.Length];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(4), checked((ushort)Channel));
        bytes[6] = checked((byte)id.Length);
        bytes[7] = checked((byte)Token.Length);
        id.CopyTo(bytes, FixedSize);
        Token.CopyTo(bytes, FixedSize + id.Length);
        return bytes;
    }

    /// <summary>Reads exactly one header and nothing after it: what follows belongs to QEMU.</summary>
    public static ChannelHeader? Read(Stream stream)
    {
        var head = new byte[FixedSize];
        if (stream.ReadAtLeast(head, FixedSize, throwOnEndOfStream: false) < FixedSize || !head.AsSpan(0, 4).SequenceEqual(Magic))
            return null;
        var rest = new byte[head[6] + head[7]];
        if (stream.ReadAtLeast(rest, rest.Length, throwOnEndOfStream: false) < rest.Length)
            return null;
        var id = Encoding.ASCII.GetString(rest, 0, head[6]);
        return new ChannelHeader(id, rest[head[6]..], BinaryPrimitives.ReadUInt16BigEndian(head.AsSpan(4)));
    }
}
