using System.Buffers.Binary;
using System.Globalization;
using System.Net.NetworkInformation;

namespace Migration.Packets;

/// <summary>An EUI-48 address, compared and hashed without allocation.</summary>
public readonly record struct MacAddress
{
    /// <summary>How many bytes an address takes on the wire.</summary>
    public const int Length = 6;

    private readonly ulong _bits;

    private MacAddress(ulong bits) => _bits = bits;

    public static MacAddress Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>33:33 and the last four bytes of an IPv6 multicast address (RFC 2464 §7).</summary>
    internal static MacAddress Group(uint low) => new(0x3333_0000_0000UL | low);

    /// <summary>The lowest bit of the first byte: the address of a group.</summary>
    public bool IsMulticast => (_bits & 0x0100_0000_0000) != 0;

    /// <summary>Locally administered rather than bought from the IEEE.</summary>
    public bool IsLocal => (_bits & 0x0200_0000_0000) != 0;

    /// <summary>Reads the first six bytes.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes) =>
        new(((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(_bits >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)_bits);
    }

    public static MacAddress From(PhysicalAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == Length
            ? Read(bytes)
            : throw new ArgumentException($"'{address}' is {bytes.Length} bytes long, a MAC address is {Length}", nameof(address));
    }

    public PhysicalAddress ToPhysicalAddress()
    {
        var bytes = new byte[Length];
        Write(bytes);
        return new PhysicalAddress(bytes);
    }

    /// <summary>Reads 02:00:00:00:00:01 or 02-00-00-00-00-01, in either case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MacAddress address)
    {
        address = default;
        if (text.Length != 17 || text[2] is not (':' or '-')) return false;
        var bits = 0UL;
        for (var i = 0; i < text.Length; i += 3)
        {
            if (i > 0 && text[i - 1] != text[2]) return false;
            if (!byte.TryParse(text.Slice(i, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var part)) return false;
            bits = (bits << 8) | part;
        }
        address = new MacAddress(bits);
        return true;
    }

    public static MacAddress Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var address) ? address : throw new FormatException($"'{text}' is not a MAC address like 02:00:00:00:00:01");

    /// <summary>The way ip(8) prints it.</summary>
    public override string ToString() =>
        string.Create(17, _bits, static (text, bits) =>
        {
            for (var i = 0; i < Length; i++)
            {
                var part = (byte)(bits >> (40 - 8 * i));
                part.TryFormat(text[(3 * i)..], out _, "x2", CultureInfo.InvariantCulture);
                if (i < Length - 1) text[3 * i + 2] = ':';
            }
        });
}
