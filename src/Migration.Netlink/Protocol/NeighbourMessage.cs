using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>
/// RTM_NEWNEIGH and its kin: <c>struct ndmsg</c> and NDA_* attributes (include/uapi/linux/neighbour.h). Family IPv4/IPv6: neighbours;
/// family bridge: forwarding entries.
/// </summary>
internal static class NeighbourMessage
{
    public const ushort New = 28, Delete = 29, Get = 30;

    private const ushort NDA_DST = 1, NDA_LLADDR = 2, NDA_VLAN = 5, NDA_IFINDEX = 8, NDA_MASTER = 9;
    private const byte NTF_SELF = 2, NTF_MASTER = 4;

    public static MessageWriter WriteDump(int interfaceIndex)
    {
        var message = new MessageWriter(Get, 0);
        message.Struct(default(Body));
        if (interfaceIndex != 0)
            message.Int32(NDA_IFINDEX, interfaceIndex);
        return message;
    }

    public static MessageWriter WriteForwardingDump(int interfaceIndex, int bridgeIndex)
    {
        var message = new MessageWriter(Get, 0);
        message.Struct(new Body { Family = Family.Bridge, Index = interfaceIndex });
        if (bridgeIndex != 0)
            message.Int32(NDA_MASTER, bridgeIndex);
        return message;
    }

    public static MessageWriter Write(ushort type, int flags, Neighbour neighbour)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(new Body { Family = Family.Of(neighbour.Address), Index = neighbour.InterfaceIndex, State = neighbour.State });
        message.Address(NDA_DST, neighbour.Address);
        if (neighbour.Mac is { } mac)
            message.Mac(NDA_LLADDR, mac);
        return message;
    }

    public static MessageWriter Write(ushort type, int flags, ForwardingEntry entry)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(new Body
        {
            Family = Family.Bridge,
            Index = entry.InterfaceIndex,
            State = entry.State,
            Flags = entry.OnBridge ? NTF_MASTER : NTF_SELF,
        });
        message.Mac(NDA_LLADDR, entry.Mac);
        if (entry.Remote is { } remote)
            message.Address(NDA_DST, remote);
        if (entry.Vlan is { } vlan)
            message.UInt16(NDA_VLAN, vlan);
        return message;
    }

    public static Neighbour Read(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        IPAddress? address = null;
        PhysicalAddress? mac = null;
        while (reader.Next())
        {
            if (reader.Type == NDA_DST)
                address = reader.Address();
            else if (reader.Type == NDA_LLADDR)
                mac = reader.Mac();
        }

        return new Neighbour
        {
            InterfaceIndex = body.Index,
            Address = address ?? throw AttributeReader.Malformed("a neighbour without an address"),
            Mac = mac,
            State = body.State,
        };
    }

    public static ForwardingEntry ReadForwarding(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var entry = new ForwardingEntry
        {
            InterfaceIndex = body.Index,
            Mac = PhysicalAddress.None,
            State = body.State,
            OnBridge = (body.Flags & NTF_SELF) == 0,
        };
        while (reader.Next())
        {
            entry = reader.Type switch
            {
                NDA_LLADDR => entry with { Mac = reader.Mac() },
                NDA_DST => entry with { Remote = reader.Address() },
                NDA_VLAN => entry with { Vlan = reader.UInt16() },
                NDA_MASTER => entry with { BridgeIndex = reader.Int32() },
                _ => entry,
            };
        }

        return entry;
    }

    /// <summary><c>struct ndmsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte Padding1;
        public ushort Padding2;
        public int Index;
        public NeighbourState State;
        public byte Flags;
        public byte Type;
    }
}
