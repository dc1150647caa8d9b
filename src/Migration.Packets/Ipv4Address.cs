using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Migration.Packets;

/// <summary>An IPv4 address as a value: <see cref="IPAddress"/> allocates, and packets are read and written for every guest.</summary>
/// <param name="Bits">The address in host order: 10.0.0.1 is 0x0a000001.</param>
public readonly record struct Ipv4Address(uint Bits)
{
    /// <summary>How many bytes an address takes on the wire.</summary>
    public const int Length = 4;

    public static Ipv4Address Any => default;

    public static Ipv4Address Broadcast => new(uint.MaxValue);

    public bool IsAny => Bits == 0;

    public static Ipv4Address Read(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt32BigEndian(bytes));

    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt32BigEndian(bytes, Bits);

    public static Ipv4Address From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return address.AddressFamily == AddressFamily.InterNetwork && address.TryWriteBytes(bytes, out _)
            ? Read(bytes)
            : throw new ArgumentException($"{address} is not an IPv4 address", nameof(address));
    }

    public static Ipv4Address Parse(string text) => From(IPAddress.Parse(text));

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return new IPAddress(bytes);
    }

    /// <summary>The netmask of that many leading ones.</summary>
    public static Ipv4Address Mask(int prefixLength) =>
        prefixLength is >= 0 and <= 32
            ? new(prefixLength == 0 ? 0 : uint.MaxValue << (32 - prefixLength))
            : throw new ArgumentOutOfRangeException(nameof(prefixLength), prefixLength, "an IPv4 prefix has 0 to 32 bits");

    /// <summary>Whether both addresses have the same leading bits.</summary>
    public bool SharesPrefix(Ipv4Address other, int prefixLength) => ((Bits ^ other.Bits) & Mask(prefixLength).Bits) == 0;

    public override string ToString() => $"{Bits >> 24}.{(Bits >> 16) & 255}.{(Bits >> 8) & 255}.{Bits & 255}";
}
