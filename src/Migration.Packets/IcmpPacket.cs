using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of an ICMP message (RFC 792) whose checksum was checked.</summary>
public readonly ref struct IcmpPacket
{
    public const int HeaderLength = 8;

    /// <summary>The type of an echo reply and of an echo request.</summary>
    public const byte EchoReply = 0, EchoRequest = 8;

    private const int TypeAt = 0, CodeAt = 1, ChecksumAt = 2, IdentifierAt = 4, SequenceAt = 6;
    private readonly ReadOnlySpan<byte> _bytes;

    private IcmpPacket(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public byte Type => _bytes[TypeAt];

    public byte Code => _bytes[CodeAt];

    /// <summary>Of an echo; in other messages what stands in its place.</summary>
    public ushort Identifier => BinaryPrimitives.ReadUInt16BigEndian(_bytes[IdentifierAt..]);

    public ushort Sequence => BinaryPrimitives.ReadUInt16BigEndian(_bytes[SequenceAt..]);

    public ReadOnlySpan<byte> Payload => _bytes[HeaderLength..];

    public static bool TryParse(Ipv4Packet packet, out IcmpPacket message, out string? reason)
    {
        message = default;
        var bytes = packet.Payload;
        reason = packet.Protocol != IpProtocol.Icmp ? "IPv4 packet carries no ICMP"
            : packet.IsFragment ? "IPv4 packet is a fragment"
            : bytes.Length < HeaderLength ? "ICMP header cut short"
            : InternetChecksum.Fold(InternetChecksum.Sum(bytes)) != 0xffff ? "ICMP checksum is wrong"
            : null;
        if (reason is not null) return false;
        message = new IcmpPacket(bytes);
        return true;
    }

    /// <summary>Writes an echo message's header before a payload that is already in its place, and returns the length of both.</summary>
    public static int WriteEcho(Span<byte> bytes, byte type, ushort identifier, ushort sequence, int payloadLength)
    {
        bytes[TypeAt] = type;
        bytes[CodeAt] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[IdentifierAt..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[SequenceAt..], sequence);
        var length = HeaderLength + payloadLength;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], InternetChecksum.Finish(InternetChecksum.Sum(bytes[..length])));
        return length;
    }
}
