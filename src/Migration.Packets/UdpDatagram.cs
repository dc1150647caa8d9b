using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of a UDP datagram (RFC 768) inside an IPv4 packet.</summary>
public readonly ref struct UdpDatagram
{
    public const int HeaderLength = 8;

    private const int SourceAt = 0, DestinationAt = 2, LengthAt = 4, ChecksumAt = 6;
    private readonly ReadOnlySpan<byte> _bytes;

    private UdpDatagram(ReadOnlySpan<byte> bytes, ChecksumState checksum)
    {
        _bytes = bytes;
        Checksum = checksum;
    }

    public ushort SourcePort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[SourceAt..]);

    public ushort DestinationPort => BinaryPrimitives.ReadUInt16BigEndian(_bytes[DestinationAt..]);

    public ReadOnlySpan<byte> Payload => _bytes[HeaderLength..];

    /// <summary>Seen, not judged: what a partial or wrong checksum means is the reader's business.</summary>
    public ChecksumState Checksum { get; }

    public static bool TryParse(Ipv4Packet packet, out UdpDatagram datagram, out string? reason)
    {
        datagram = default;
        var bytes = packet.Payload;
        reason = Fault(packet, bytes);
        if (reason is not null) return false;
        bytes = bytes[..BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..])];
        datagram = new UdpDatagram(bytes, Judge(packet, bytes));
        return true;
    }

    /// <summary>Writes the header before a payload that is already in its place, and returns the length of both.</summary>
    public static int WriteHeader(
        Span<byte> bytes, Ipv4Address source, Ipv4Address destination, ushort sourcePort, ushort destinationPort, int payloadLength)
    {
        var length = checked((ushort)(HeaderLength + payloadLength));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[SourceAt..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[DestinationAt..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[LengthAt..], length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], 0);
        var pseudo = InternetChecksum.PseudoHeader(source, destination, (byte)IpProtocol.Udp, length);
        var checksum = InternetChecksum.Finish(pseudo + InternetChecksum.Sum(bytes[..length]));
        // Zero would say "no checksum"; its twin in ones' complement says the same number.
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], checksum == 0 ? (ushort)0xffff : checksum);
        return length;
    }

    private static string? Fault(Ipv4Packet packet, ReadOnlySpan<byte> bytes)
    {
        if (packet.Protocol != IpProtocol.Udp) return "IPv4 packet carries no UDP";
        if (packet.IsFragment) return "IPv4 packet is a fragment";
        if (bytes.Length < HeaderLength) return "UDP header cut short";
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..]);
        if (length < HeaderLength) return "UDP length does not fit";
        return length > bytes.Length ? "UDP datagram cut short" : null;
    }

    private static ChecksumState Judge(Ipv4Packet packet, ReadOnlySpan<byte> bytes)
    {
        var found = BinaryPrimitives.ReadUInt16BigEndian(bytes[ChecksumAt..]);
        if (found == 0) return ChecksumState.Absent;
        var pseudo = InternetChecksum.PseudoHeader(packet.Source, packet.Destination, (byte)IpProtocol.Udp, bytes.Length);
        if (InternetChecksum.Fold(pseudo + InternetChecksum.Sum(bytes)) == 0xffff) return ChecksumState.Correct;
        return found == InternetChecksum.Fold(pseudo) ? ChecksumState.Partial : ChecksumState.Wrong;
    }
}
