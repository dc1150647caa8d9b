using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Migration.Packets;

/// <summary>An IPv6 address as a value, without a scope: what it says in a packet.</summary>
/// <param name="Bits">The address in host order: ::1 is 1.</param>
public readonly record struct Ipv6Address(UInt128 Bits)
{
    /// <summary>How many bytes an address takes on the wire.</summary>
    public const int Length = 16;

    private const int SolicitedBits = 24;

    public static Ipv6Address Any => default;

    /// <summary>ff02::1, everybody on the link.</summary>
    public static Ipv6Address AllNodes { get; } = Parse("ff02::1");

    /// <summary>ff02::1:2, where DHCPv6 clients ask.</summary>
    public static Ipv6Address AllDhcpServers { get; } = Parse("ff02::1:2");

    public bool IsAny => Bits == UInt128.Zero;

    public bool IsMulticast => (byte)(Bits >> 120) == 0xff;

    public bool IsLinkLocal => (ushort)(Bits >> 118) == 0xfe80 >> 6;

    /// <summary>The MAC that a multicast address travels to (RFC 2464 §7).</summary>
    public MacAddress MulticastMac => MacAddress.Group((uint)Bits);

    /// <summary>Where a neighbour solicitation for this address goes (RFC 4291 §2.7.1).</summary>
    public Ipv6Address SolicitedNode => new(SolicitedNodes | (Bits & ((UInt128.One << SolicitedBits) - 1)));

    private static UInt128 SolicitedNodes { get; } = Parse("ff02::1:ff00:0").Bits;

    public static Ipv6Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Bits);

    public static Ipv6Address From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return address.AddressFamily == AddressFamily.InterNetworkV6 && address.TryWriteBytes(bytes, out _)
            ? Read(bytes)
            : throw new ArgumentException($"{address} is not an IPv6 address", nameof(address));
    }

    public static Ipv6Address Parse(string text) => From(IPAddress.Parse(text));

    /// <summary>The link-local address made of a MAC (RFC 4291, appendix A).</summary>
    public static Ipv6Address LinkLocalOf(MacAddress mac)
    {
        Span<byte> bytes = stackalloc byte[Length];
        bytes.Clear();
        (bytes[0], bytes[1]) = (0xfe, 0x80);
        mac.Write(bytes[10..]);
        (bytes[8], bytes[9], bytes[10]) = ((byte)(bytes[10] ^ 2), bytes[11], bytes[12]);
        (bytes[11], bytes[12]) = (0xff, 0xfe);
        // The first three bytes moved up; the last three stand where they must.
        return Read(bytes);
    }

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return new IPAddress(bytes);
    }

    /// <summary>The address with all but its leading bits cleared.</summary>
    public Ipv6Address Prefix(int length) =>
        length is >= 0 and <= 128
            ? new(length == 0 ? UInt128.Zero : Bits & (UInt128.MaxValue << (128 - length)))
            : throw new ArgumentOutOfRangeException(nameof(length), length, "an IPv6 prefix has 0 to 128 bits");

    /// <summary>Whether both addresses have the same leading bits.</summary>
    public bool SharesPrefix(Ipv6Address other, int prefixLength) => Prefix(prefixLength) == other.Prefix(prefixLength);

    public override string ToString() => ToIPAddress().ToString();
}
