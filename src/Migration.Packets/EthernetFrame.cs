using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>A view of an Ethernet II frame without its check sequence, up to two VLAN tags looked through.</summary>
public readonly ref struct EthernetFrame
{
    /// <summary>Destination, source and type: an untagged header.</summary>
    public const int HeaderLength = 14;

    /// <summary>What one 802.1Q or 802.1ad tag adds.</summary>
    public const int TagLength = 4;

    /// <summary>The shortest frame on a wire, without its check sequence.</summary>
    public const int MinimumLength = 60;

    private const int MaximumTags = 2;
    private readonly ReadOnlySpan<byte> _bytes;

    private EthernetFrame(ReadOnlySpan<byte> bytes, int tags)
    {
        _bytes = bytes;
        TagCount = tags;
    }

    public MacAddress Destination => MacAddress.Read(_bytes);

    public MacAddress Source => MacAddress.Read(_bytes[MacAddress.Length..]);

    public int TagCount { get; }

    /// <summary>The outer tag's VLAN id; 0 when untagged or only priority-tagged.</summary>
    public int VlanId => TagCount == 0 ? 0 : BinaryPrimitives.ReadUInt16BigEndian(_bytes[HeaderLength..]) & 0x0fff;

    /// <summary>What is inside all tags. Values below 0x0600 are the length of an 802.3 frame.</summary>
    public EtherType Type => (EtherType)BinaryPrimitives.ReadUInt16BigEndian(_bytes[(HeaderLength + TagCount * TagLength - 2)..]);

    public ReadOnlySpan<byte> Payload => _bytes[(HeaderLength + TagCount * TagLength)..];

    public static bool TryParse(ReadOnlySpan<byte> bytes, out EthernetFrame frame, out string? reason)
    {
        frame = default;
        var tags = 0;
        while (true)
        {
            var end = HeaderLength + tags * TagLength;
            if (bytes.Length < end)
            {
                reason = "Ethernet header cut short";
                return false;
            }
            if (tags == MaximumTags || !IsTag(bytes[(end - 2)..])) break;
            tags++;
        }
        frame = new EthernetFrame(bytes, tags);
        reason = null;
        return true;
    }

    /// <summary>Writes a header, tagged when <paramref name="vlanId"/> is not 0, and returns its length.</summary>
    public static int WriteHeader(Span<byte> bytes, MacAddress destination, MacAddress source, EtherType type, int vlanId = 0)
    {
        if (vlanId is < 0 or > 4094) throw new ArgumentOutOfRangeException(nameof(vlanId), vlanId, "a VLAN id is 1 to 4094");
        destination.Write(bytes);
        source.Write(bytes[MacAddress.Length..]);
        var at = 2 * MacAddress.Length;
        if (vlanId != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)EtherType.Vlan);
            BinaryPrimitives.WriteUInt16BigEndian(bytes[(at + 2)..], (ushort)vlanId);
            at += TagLength;
        }
        BinaryPrimitives.WriteUInt16BigEndian(bytes[at..], (ushort)type);
        return at + 2;
    }

    /// <summary>Fills a frame of that length up to the shortest allowed and returns the length to send.</summary>
    public static int Pad(Span<byte> bytes, int length)
    {
        if (length >= MinimumLength) return length;
        bytes[length..MinimumLength].Clear();
        return MinimumLength;
    }

    private static bool IsTag(ReadOnlySpan<byte> type) =>
        (EtherType)BinaryPrimitives.ReadUInt16BigEndian(type) is EtherType.Vlan or EtherType.ServiceVlan;
}
