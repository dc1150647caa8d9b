using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of an IPv6 packet (RFC 8200) whose lengths were checked, extension headers looked through.</summary>
public readonly ref struct Ipv6Packet
{
    /// <summary>The header without extensions.</summary>
    public const int HeaderLength = 40;

    /// <summary>What every IPv6 link carries in one piece.</summary>
    public const int MinimumMtu = 1280;

    private const int PayloadLengthAt = 4, NextHeaderAt = 6, HopLimitAt = 7, SourceAt = 8, DestinationAt = 24;
    private const int MaximumExtensions = 8, ExtensionUnit = 8;
    private readonly ReadOnlySpan<byte> _bytes;

    private Ipv6Packet(ReadOnlySpan<byte> bytes, IpProtocol protocol, ReadOnlySpan<byte> payload)
    {
        _bytes = bytes;
        Protocol = protocol;
        Payload = payload;
    }

    public Ipv6Address Source => Ipv6Address.Read(_bytes[SourceAt..]);

    public Ipv6Address Destination => Ipv6Address.Read(_bytes[DestinationAt..]);

    public int HopLimit => _bytes[HopLimitAt];

    /// <summary>What is behind all extension headers; <see cref="IpProtocol.Ipv6Fragment"/> for a fragment.</summary>
    public IpProtocol Protocol { get; }

    /// <summary>Without what a link added behind the packet.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Ipv6Packet packet, out string? reason)
    {
        packet = default;
        reason = Fault(bytes);
        if (reason is not null) return false;
        bytes = bytes[..(HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[PayloadLengthAt..]))];
        var protocol = (IpProtocol)bytes[NextHeaderAt];
        var payload = bytes[HeaderLength..];
        for (var count = 0; protocol is IpProtocol.HopByHopOptions or IpProtocol.Ipv6Routing or IpProtocol.DestinationOptions; count++)
        {
            reason = count == MaximumExtensions ? "too many IPv6 extension headers"
                : payload.Length < ExtensionUnit || payload.Length < ExtensionLength(payload) ? "IPv6 extension header cut short" : null;
            if (reason is not null) return false;
            protocol = (IpProtocol)payload[0];
            payload = payload[ExtensionLength(payload)..];
        }
        packet = new Ipv6Packet(bytes, protocol, payload);
        return true;
    }

    /// <summary>Writes a header without extensions for a payload of that length.</summary>
    public static int WriteHeader(
        Span<byte> bytes, Ipv6Address source, Ipv6Address destination, IpProtocol protocol, int payloadLength, byte hopLimit = 64)
    {
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 6u << 28);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[PayloadLengthAt..], checked((ushort)payloadLength));
        bytes[NextHeaderAt] = (byte)protocol;
        bytes[HopLimitAt] = hopLimit;
        source.Write(bytes[SourceAt..]);
        destination.Write(bytes[DestinationAt..]);
        return HeaderLength;
    }

    private static string? Fault(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderLength) return "IPv6 header cut short";
        if (bytes[0] >> 4 != 6) return "IP version is not 6";
        return HeaderLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[PayloadLengthAt..]) > bytes.Length ? "IPv6 packet cut short" : null;
    }

    private static int ExtensionLength(ReadOnlySpan<byte> extension) => (extension[1] + 1) * ExtensionUnit;
}
