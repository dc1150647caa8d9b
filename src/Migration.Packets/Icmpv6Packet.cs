using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of an ICMPv6 message (RFC 4443) whose checksum was checked.</summary>
public readonly ref struct Icmpv6Packet
{
    /// <summary>Type, code and checksum.</summary>
    public const int HeaderLength = 4;

    private const int TypeAt = 0, CodeAt = 1, ChecksumAt = 2;
    private readonly ReadOnlySpan<byte> _bytes;

    private Icmpv6Packet(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public byte Type => _bytes[TypeAt];

    public byte Code => _bytes[CodeAt];

    /// <summary>What follows the checksum.</summary>
    public ReadOnlySpan<byte> Body => _bytes[HeaderLength..];

    public static bool TryParse(Ipv6Packet packet, out Icmpv6Packet message, out string? reason)
    {
        message = default;
        var bytes = packet.Payload;
        reason = packet.Protocol != IpProtocol.IcmpV6 ? "IPv6 packet carries no ICMPv6"
            : bytes.Length < HeaderLength ? "ICMPv6 header cut short"
            : InternetChecksum.Fold(Sum(bytes, packet.Source, packet.Destination)) != 0xffff ? "ICMPv6 checksum is wrong"
            : null;
        if (reason is not null) return false;
        message = new Icmpv6Packet(bytes);
        return true;
    }

    /// <summary>Writes the header before a body that is already in its place, and returns the length of both.</summary>
    public static int WriteHeader(Span<byte> bytes, byte type, Ipv6Address source, Ipv6Address destination, int bodyLength)
    {
        bytes[TypeAt] = type;
        bytes[CodeAt] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], 0);
        var length = HeaderLength + bodyLength;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], InternetChecksum.Finish(Sum(bytes[..length], source, destination)));
        return length;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes, Ipv6Address source, Ipv6Address destination) =>
        InternetChecksum.PseudoHeader(source, destination, (byte)IpProtocol.IcmpV6, bytes.Length) + InternetChecksum.Sum(bytes);
}
