using System.Buffers.Binary;

namespace Migration.Packets.Dhcp6;

/// <summary>An IAADDR (RFC 8415 §21.6): an address and for how many seconds it is preferred and valid.</summary>
public readonly record struct Dhcp6Address(Ipv6Address Address, uint Preferred, uint Valid)
{
    internal static Dhcp6Address Read(ReadOnlySpan<byte> value) => new(
        Ipv6Address.Read(value), BinaryPrimitives.ReadUInt32BigEndian(value[Ipv6Address.Length..]),
        BinaryPrimitives.ReadUInt32BigEndian(value[(Ipv6Address.Length + 4)..]));

    internal void Write(Span<byte> value)
    {
        Address.Write(value);
        BinaryPrimitives.WriteUInt32BigEndian(value[Ipv6Address.Length..], Preferred);
        BinaryPrimitives.WriteUInt32BigEndian(value[(Ipv6Address.Length + 4)..], Valid);
    }
}
