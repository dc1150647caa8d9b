using System.Net.NetworkInformation;
using System.Buffers.Binary;

namespace Migration.Linux;

/// <summary>One condition of a <see cref="PacketFilter"/>: a masked field of the frame has a value.</summary>
public readonly record struct Match
{
    private Match(int offset, int size, uint value, uint mask = uint.MaxValue)
    {
        Offset = offset;
        SizeCode = size switch { 1 => (ushort)0x10, 2 => (ushort)0x08, _ => (ushort)0x00 };
        Value = value;
        Mask = mask;
    }

    internal int Offset { get; }

    /// <summary>BPF_B, BPF_H or BPF_W.</summary>
    internal ushort SizeCode { get; }

    internal uint Value { get; }

    internal uint Mask { get; }

    internal bool AfterIpv4Header { get; private init; }

    public static Match EtherType(ushort type) => new(12, 2, type);

    public static Match Byte(int offset, byte value, byte mask = 0xff) => new(offset, 1, value, mask);

    public static Match Word(int offset, ushort value, ushort mask = 0xffff) => new(offset, 2, value, mask);

    public static Match DoubleWord(int offset, uint value, uint mask = uint.MaxValue) => new(offset, 4, value, mask);

    /// <summary>Whom the kernel says the frame is for (SKF_AD_PKTTYPE); no field of the frame itself.</summary>
    public static Match PacketType(PacketType type) => new(-0x1000 + 4, 4, (uint)type);

    /// <summary>Without a VLAN tag (SKF_AD_VLAN_TAG_PRESENT): the kernel keeps a tag beside the frame.</summary>
    public static Match Untagged() => new(-0x1000 + 48, 4, 0);

    /// <summary>The protocol field of an IPv4 header.</summary>
    public static Match Ipv4Protocol(byte protocol) => new(23, 1, protocol);

    /// <summary>Not a later fragment: only the first carries the port numbers.</summary>
    public static Match Ipv4FirstFragment() => new(20, 2, 0, 0x1fff);

    /// <summary>Destination port of UDP or TCP over IPv4, wherever the header's options end.</summary>
    public static Match Ipv4DestinationPort(ushort port) => new(14 + 2, 2, port) { AfterIpv4Header = true };

    /// <summary>The next-header field of an IPv6 header (no extension headers between).</summary>
    public static Match Ipv6NextHeader(byte protocol) => new(20, 1, protocol);

    /// <summary>Destination port of UDP or TCP directly after the IPv6 header.</summary>
    public static Match Ipv6DestinationPort(ushort port) => new(14 + 40 + 2, 2, port);

    /// <summary>Type of an ICMPv6 message directly after the IPv6 header.</summary>
    public static Match Icmpv6Type(byte type) => new(14 + 40, 1, type);

    /// <summary>The frame's source address; two conditions, because BPF loads four bytes at most.</summary>
    public static Match[] From(PhysicalAddress address) => Address(6, address);

    /// <summary>The frame's destination address.</summary>
    public static Match[] To(PhysicalAddress address) => Address(0, address);

    private static Match[] Address(int offset, PhysicalAddress address)
    {
        var bytes = address.GetAddressBytes();
        return
        [
            DoubleWord(offset, BinaryPrimitives.ReadUInt32BigEndian(bytes)),
            Word(offset + 4, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(4))),
        ];
    }
}
