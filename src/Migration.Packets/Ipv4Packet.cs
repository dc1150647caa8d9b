using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of an IPv4 packet (RFC 791) whose header was checked: lengths fit, the header's checksum is right.</summary>
public readonly ref struct Ipv4Packet
{
    /// <summary>A header without options.</summary>
    public const int HeaderLength = 20;

    private const int TotalLengthAt = 2, IdentificationAt = 4, FragmentAt = 6, TimeToLiveAt = 8, ProtocolAt = 9, ChecksumAt = 10;
    private const int SourceAt = 12, DestinationAt = 16;
    private const ushort DontFragmentBit = 0x4000, MoreFragments = 0x2000, OffsetMask = 0x1fff;
    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv4Packet(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public Ipv4Address Source => Ipv4Address.Read(_bytes[SourceAt..]);

    public Ipv4Address Destination => Ipv4Address.Read(_bytes[DestinationAt..]);

    public IpProtocol Protocol => (IpProtocol)_bytes[ProtocolAt];

    public int TimeToLive => _bytes[TimeToLiveAt];

    public ushort Identification => BinaryPrimitives.ReadUInt16BigEndian(_bytes[IdentificationAt..]);

    public bool DontFragment => (Fragment & DontFragmentBit) != 0;

    public bool IsFragment => (Fragment & (MoreFragments | OffsetMask)) != 0;

    public ReadOnlySpan<byte> Options => _bytes[HeaderLength..WordsToBytes(_bytes[0])];

    /// <summary>Without what a link added behind the packet.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[WordsToBytes(_bytes[0])..];

    private ushort Fragment => BinaryPrimitives.ReadUInt16BigEndian(_bytes[FragmentAt..]);

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv4Packet packet, out string? reason)
    {
        packet = default;
        reason = Fault(bytes);
        if (reason is not null) return false;
        packet = new Ipv4Packet(bytes[..BinaryPrimitives.ReadUInt16BigEndian(bytes[TotalLengthAt..])]);
        return true;
    }

    /// <summary>Writes a header without options for a payload of that length. Unfragmentable, so the identification is 0 (RFC 6864 §4.1).</summary>
    public static int WriteHeader(
        Span<byte> bytes, Ipv4Address source, Ipv4Address destination, IpProtocol protocol, int payloadLength, byte timeToLive = 64)
    {
        bytes[0] = 0x45;
        bytes[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[TotalLengthAt..], checked((ushort)(HeaderLength + payloadLength)));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[IdentificationAt..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[FragmentAt..], DontFragmentBit);
        bytes[TimeToLiveAt] = timeToLive;
        bytes[ProtocolAt] = (byte)protocol;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], 0);
        source.Write(bytes[SourceAt..]);
        destination.Write(bytes[DestinationAt..]);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], InternetChecksum.Finish(InternetChecksum.Sum(bytes[..HeaderLength])));
        return HeaderLength;
    }

    private static string? Fault(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength) return "IPv4 header cut short";
        if (bytes[0] >> 4 != 4) return "IP version is not 4";
        var header = WordsToBytes(bytes[0]);
        var total = BinaryPrimitives.ReadUInt16BigEndian(bytes[TotalLengthAt..]);
        if (header < HeaderLength || header > total) return "IPv4 header length does not fit";
        if (total > bytes.Length) return "IPv4 packet cut short";
        return InternetChecksum.Fold(InternetChecksum.Sum(bytes[..header])) == 0xffff ? null : "IPv4 header checksum is wrong";
    }

    private static int WordsToBytes(byte versionAndLength) => (versionAndLength & 0x0f) * 4;
}
