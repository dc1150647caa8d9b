using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of a UDP datagram (RFC 768) inside an IP packet.</summary>
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
        reason = packet.Protocol != IpProtocol.Udp ? "IPv4 packet carries no UDP" : packet.IsFragment ? "IPv4 packet is a fragment" : Fault(packet.Payload);
        if (reason is not null) return false;
        var bytes = Cut(packet.Payload);
        datagram = new UdpDatagram(bytes, Judge(bytes, InternetChecksum.PseudoHeader(packet.Source, packet.Destination, (byte)IpProtocol.Udp, bytes.Length)));
        return true;
    }

    public static bool TryParse(Ipv6Packet packet, out UdpDatagram datagram, out string? reason)
    {
        datagram = default;
        reason = packet.Protocol != IpProtocol.Udp ? "IPv6 packet carries no UDP" : Fault(packet.Payload);
        if (reason is not null) return false;
        var bytes = Cut(packet.Payload);
        datagram = new UdpDatagram(bytes, Judge(bytes, InternetChecksum.PseudoHeader(packet.Source, packet.Destination, (byte)IpProtocol.Udp, bytes.Length)));
        return true;
    }

    /// <summary>Writes the header before a payload that is already in its place, and returns the length of both.</summary>
    public static int WriteHeader(
        Span<byte> bytes, Ipv4Address source, Ipv4Address destination, ushort sourcePort, ushort destinationPort, int payloadLength) =>
        WriteHeader(
            bytes, sourcePort, destinationPort, payloadLength,
            InternetChecksum.PseudoHeader(source, destination, (byte)IpProtocol.Udp, HeaderLength + payloadLength));

    /// <summary>Writes the header before a payload that is already in its place, and returns the length of both.</summary>
    public static int WriteHeader(
        Span<byte> bytes, Ipv6Address source, Ipv6Address destination, ushort sourcePort, ushort destinationPort, int payloadLength) =>
        WriteHeader(
            bytes, sourcePort, destinationPort, payloadLength,
            InternetChecksum.PseudoHeader(source, destination, (byte)IpProtocol.Udp, HeaderLength + payloadLength));

    private static int WriteHeader(Span<byte> bytes, ushort sourcePort, ushort destinationPort, int payloadLength, ulong pseudo)
    {
        var length = checked((ushort)(HeaderLength + payloadLength));
        BinaryPrimitives.WriteUInt16BigEndian(bytes[SourceAt..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[DestinationAt..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[LengthAt..], length);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], 0);
        var checksum = InternetChecksum.Finish(pseudo + InternetChecksum.Sum(bytes[..length]));
        // Zero would say "no checksum"; its twin in ones' complement says the same number.
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ChecksumAt..], checksum == 0 ? (ushort)0xffff : checksum);
        return length;
    }

    private static string? Fault(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength) return "UDP header cut short";
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..]);
        if (length < HeaderLength) return "UDP length does not fit";
        return length > bytes.Length ? "UDP datagram cut short" : null;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> bytes) => bytes[..BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..])];

    private static ChecksumState Judge(ReadOnlySpan<byte> bytes, ulong pseudo)
    {
        var found = BinaryPrimitives.ReadUInt16BigEndian(bytes[ChecksumAt..]);
        if (found == 0) return ChecksumState.Absent;
        if (InternetChecksum.Fold(pseudo + InternetChecksum.Sum(bytes)) == 0xffff) return ChecksumState.Correct;
        return found == InternetChecksum.Fold(pseudo) ? ChecksumState.Partial : ChecksumState.Wrong;
    }
}
