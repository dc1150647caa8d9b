using System.Buffers.Binary;

namespace Migration.Packets;

/// <summary>An ARP or RARP packet for IPv4 over Ethernet; the two share their format and differ in EtherType and operation.</summary>
public readonly record struct ArpPacket(
    ArpOperation Operation, MacAddress SenderMac, Ipv4Address SenderAddress, MacAddress TargetMac, Ipv4Address TargetAddress)
{
    /// <summary>The packet's length for Ethernet and IPv4.</summary>
    public const int Length = 28;

    private const int HardwareType = 0, ProtocolType = 2, HardwareLength = 4, ProtocolLength = 5, OperationAt = 6;
    private const int SenderMacAt = 8, SenderAddressAt = 14, TargetMacAt = 18, TargetAddressAt = 24;
    private const ushort Ethernet = 1;

    /// <summary>The EtherType such a packet travels under.</summary>
    public EtherType Type => Operation is ArpOperation.ReverseRequest or ArpOperation.ReverseReply ? EtherType.ReverseArp : EtherType.Arp;

    /// <summary>Says who has an address without asking: sender and target are the same (RFC 5227 §3).</summary>
    public bool IsGratuitous => !SenderAddress.IsAny && SenderAddress == TargetAddress;

    /// <summary>Asks whether an address is taken, without claiming it (RFC 5227 §2.1.1).</summary>
    public bool IsProbe => Operation == ArpOperation.Request && SenderAddress.IsAny;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out ArpPacket packet, out string? reason)
    {
        packet = default;
        reason = Fault(bytes);
        if (reason is not null) return false;
        packet = new ArpPacket(
            (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(bytes[OperationAt..]),
            MacAddress.Read(bytes[SenderMacAt..]), Ipv4Address.Read(bytes[SenderAddressAt..]),
            MacAddress.Read(bytes[TargetMacAt..]), Ipv4Address.Read(bytes[TargetAddressAt..]));
        return true;
    }

    public int Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes[HardwareType..], Ethernet);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[ProtocolType..], (ushort)EtherType.Ipv4);
        bytes[HardwareLength] = MacAddress.Length;
        bytes[ProtocolLength] = Ipv4Address.Length;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[OperationAt..], (ushort)Operation);
        SenderMac.Write(bytes[SenderMacAt..]);
        SenderAddress.Write(bytes[SenderAddressAt..]);
        TargetMac.Write(bytes[TargetMacAt..]);
        TargetAddress.Write(bytes[TargetAddressAt..]);
        return Length;
    }

    /// <summary>Writes the whole padded frame and returns its length.</summary>
    public int WriteFrame(Span<byte> bytes, MacAddress destination, MacAddress source, int vlanId = 0)
    {
        var length = EthernetFrame.WriteHeader(bytes, destination, source, Type, vlanId);
        length += Write(bytes[length..]);
        return EthernetFrame.Pad(bytes, length);
    }

    /// <summary>What the owner of the address asked for answers.</summary>
    public ArpPacket Answer(MacAddress owner) => new(ArpOperation.Reply, owner, TargetAddress, SenderMac, SenderAddress);

    private static string? Fault(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Length) return "ARP packet cut short";
        if (BinaryPrimitives.ReadUInt16BigEndian(bytes[HardwareType..]) != Ethernet) return "ARP hardware type is not Ethernet";
        if (BinaryPrimitives.ReadUInt16BigEndian(bytes[ProtocolType..]) != (ushort)EtherType.Ipv4) return "ARP protocol is not IPv4";
        if (bytes[HardwareLength] != MacAddress.Length || bytes[ProtocolLength] != Ipv4Address.Length) return "ARP address lengths are not 6 and 4";
        var operation = (ArpOperation)BinaryPrimitives.ReadUInt16BigEndian(bytes[OperationAt..]);
        return Enum.IsDefined(operation) ? null : "ARP operation is unknown";
    }
}
