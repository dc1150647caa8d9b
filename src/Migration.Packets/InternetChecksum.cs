using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>The ones' complement sum of RFC 1071, kept unfolded in 64 bits so that parts can simply be added.</summary>
public static class InternetChecksum
{
    /// <summary>The sum of big-endian 16-bit words; an odd last byte counts as the high half of a word.</summary>
    public static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0UL;
        // 2^16 is 1 in ones' complement arithmetic, so 32-bit words give the same folded sum as 16-bit words.
        while (bytes.Length >= 8)
        {
            var both = BinaryPrimitives.ReadUInt64BigEndian(bytes);
            sum += (both >> 32) + (uint)both;
            bytes = bytes[8..];
        }
        while (bytes.Length >= 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
            bytes = bytes[2..];
        }
        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    /// <summary>What UDP and TCP over IPv4 add to their own bytes.</summary>
    public static ulong PseudoHeader(Ipv4Address source, Ipv4Address destination, byte protocol, int length) =>
        (ulong)source.Bits + destination.Bits + protocol + (uint)length;

    /// <summary>What UDP and ICMPv6 over IPv6 add to their own bytes (RFC 8200 §8.1).</summary>
    public static ulong PseudoHeader(Ipv6Address source, Ipv6Address destination, byte protocol, int length) =>
        Sum(source.Bits) + Sum(destination.Bits) + protocol + (uint)length;

    private static ulong Sum(UInt128 bits) => Sum((ulong)(bits >> 64)) + Sum((ulong)bits);

    private static ulong Sum(ulong bits) => (bits >> 32) + (uint)bits;

    /// <summary>The sum folded to 16 bits, not complemented: what a sender leaves for its NIC to complete.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum >> 32) + (uint)sum;
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        sum = (sum >> 16) + (sum & 0xffff);
        return (ushort)sum;
    }

    /// <summary>The value of the checksum field.</summary>
    public static ushort Finish(ulong sum) => (ushort)~Fold(sum);
}
