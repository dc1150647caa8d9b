using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>RTM_NEWLINK and its kin (rtnetlink(7), include/uapi/linux/if_link.h): <c>struct ifinfomsg</c> and IFLA_* attributes.</summary>
internal static class LinkMessage
{
    public const ushort New = 16, Delete = 17, Get = 18, Set = 19;



    private const ushort IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_MTU = 4, IFLA_LINK = 5, IFLA_MASTER = 10, IFLA_PROTINFO = 12, IFLA_TXQLEN = 13;
    private const ushort IFLA_OPERSTATE = 16, IFLA_LINKINFO = 18, IFLA_STATS64 = 23, IFLA_AF_SPEC = 26, IFLA_NET_NS_FD = 28, IFLA_NUM_TX_QUEUES = 31;
    private const ushort IFLA_LINK_NETNSID = 37;
    private const ushort IFLA_INFO_KIND = 1, IFLA_INFO_DATA = 2, IFLA_INFO_SLAVE_KIND = 4, IFLA_INFO_SLAVE_DATA = 5;
    private const ushort IFLA_INET6_ADDR_GEN_MODE = 8;
    private const ushort VETH_INFO_PEER = 1;

    public static MessageWriter WriteGet(int index) => Start(Get, flags: 0, new Body { Index = index });

    public static MessageWriter WriteGet(string name)
    {
        var message = Start(Get, flags: 0, default);
        message.String(IFLA_IFNAME, name);
        return message;
    }

    public static MessageWriter WriteDump() => Start(Get, flags: 0, default);

    public static MessageWriter WriteDelete(int index) => Start(Delete, flags: 0, new Body { Index = index });

    public static MessageWriter WriteNew(NewLink link)
    {
        var flags = (link.Up ? LinkFlags.Up : 0) | (link.NoArp ? LinkFlags.NoArp : 0);
        var message = Start(New, NetlinkHeader.Create | NetlinkHeader.Exclusive, new Body { Flags = flags, Change = flags });
        WriteCommon(message, link);
        if (link is NewLink.Macvlan macvlan)
            message.Int32(IFLA_LINK, macvlan.ParentIndex);
        using (message.Nested(IFLA_LINKINFO))
        {
            message.String(IFLA_INFO_KIND, link.Kind);
            using (message.Nested(IFLA_INFO_DATA))
                WriteDetails(message, link);
        }

        return message;
    }

    public static MessageWriter WriteSet(int index, LinkChanges changes)
    {
        var body = new Body { Index = index };
        SetFlag(ref body, LinkFlags.Up, changes.Up);
        SetFlag(ref body, LinkFlags.NoArp, !changes.Arp);
        SetFlag(ref body, LinkFlags.Promiscuous, changes.Promiscuous);
        SetFlag(ref body, LinkFlags.AllMulticast, changes.AllMulticast);
        SetFlag(ref body, LinkFlags.Multicast, changes.Multicast);
        var message = Start(Set, flags: 0, body);
        if (changes.Name is { } name)
            message.String(IFLA_IFNAME, name);
        if (changes.Mac is { } mac)
            message.Mac(IFLA_ADDRESS, mac);
        if (changes.Mtu is { } mtu)
            message.Int32(IFLA_MTU, mtu);
        if (changes.MasterIndex is { } master)
            message.Int32(IFLA_MASTER, master);
        if (changes.TransmitQueueLength is { } length)
            message.Int32(IFLA_TXQLEN, length);
        if (changes.AddressGeneration is { } mode)
            WriteAddressGeneration(message, mode);
        if (changes.Namespace is { } space)
            message.Int32(IFLA_NET_NS_FD, space.Descriptor.Number);
        return message;
    }

    public static MessageWriter WriteSetPort(int index, BridgePort port)
    {
        var message = Start(Set, flags: 0, new Body { Family = Family.Bridge, Index = index });
        using (message.Nested(IFLA_PROTINFO))
            BridgePortAttributes.Write(message, port);
        return message;
    }

    /// <summary>Reads RTM_NEWLINK, or RTM_DELLINK of a link that is gone.</summary>
    public static Link Read(ushort type, ReadOnlySpan<byte> message)
    {
        var reader = AttributeReader.After<Body>(message, out var body);
        var link = new Link { Index = body.Index, Name = "", Flags = body.Flags };
        while (reader.Next())
        {
            link = reader.Type switch
            {
                IFLA_IFNAME => link with { Name = reader.String() },
                IFLA_ADDRESS => link with { Mac = reader.Mac() },
                IFLA_MTU => link with { Mtu = reader.Int32() },
                IFLA_LINK => link with { LinkedIndex = reader.Int32() },
                IFLA_LINK_NETNSID => link with { LinkedNamespaceId = reader.Int32() },
                IFLA_MASTER => link with { MasterIndex = reader.Int32() },
                IFLA_TXQLEN => link with { TransmitQueueLength = reader.Int32() },
                IFLA_NUM_TX_QUEUES => link with { TransmitQueues = reader.Int32() },
                IFLA_OPERSTATE => link with { State = (OperationalState)reader.Byte() },
                IFLA_STATS64 => link with { Counters = reader.Struct<LinkCounters>() },
                IFLA_AF_SPEC when body.Family == Family.Unspecified => link with { AddressGeneration = ReadAddressGeneration(reader.Nested()) },
                IFLA_LINKINFO => ReadInfo(link, reader.Nested()),
                _ => link,
            };
        }

        return link;
    }

    private static MessageWriter Start(ushort type, int flags, in Body body)
    {
        var message = new MessageWriter(type, flags);
        message.Struct(body);
        return message;
    }

    private static void SetFlag(ref Body body, LinkFlags flag, bool? value)
    {
        if (value is not { } wanted)
            return;
        body.Change |= flag;
        body.Flags |= wanted ? flag : 0;
    }

    private static void WriteCommon(MessageWriter message, NewLink link)
    {
        message.String(IFLA_IFNAME, link.Name);
        if (link.Mac is { } mac)
            message.Mac(IFLA_ADDRESS, mac);
        if (link.Mtu is { } mtu)
            message.Int32(IFLA_MTU, mtu);
        if (link.MasterIndex is { } master)
            message.Int32(IFLA_MASTER, master);
        if (link.TransmitQueueLength is { } length)
            message.Int32(IFLA_TXQLEN, length);
        if (link.Namespace is { } space)
            message.Int32(IFLA_NET_NS_FD, space.Descriptor.Number);
    }

    private static void WriteDetails(MessageWriter message, NewLink link)
    {
        switch (link)
        {
            case NewLink.Veth veth:
                WritePeer(message, veth);
                break;
            case NewLink.Bridge bridge:
                BridgeAttributes.Write(message, bridge);
                break;
            case NewLink.Vxlan vxlan:
                VxlanAttributes.Write(message, vxlan);
                break;
            case NewLink.Macvlan macvlan:
                MacvlanAttributes.Write(message, macvlan);
                break;
        }
    }

    private static void WritePeer(MessageWriter message, NewLink.Veth veth)
    {
        using var peer = message.Nested(VETH_INFO_PEER);
        message.Struct(default(Body));
        message.String(IFLA_IFNAME, veth.PeerName);
        if (veth.PeerMac is { } mac)
            message.Mac(IFLA_ADDRESS, mac);
        if (veth.PeerMtu is { } mtu)
            message.Int32(IFLA_MTU, mtu);
        if ((veth.PeerNamespace ?? veth.Namespace) is { } space)
            message.Int32(IFLA_NET_NS_FD, space.Descriptor.Number);
    }

    private static void WriteAddressGeneration(MessageWriter message, AddressGeneration mode)
    {
        using (message.Nested(IFLA_AF_SPEC))
        using (message.Nested(Family.Ipv6))
            message.Byte(IFLA_INET6_ADDR_GEN_MODE, (byte)mode);
    }

    private static AddressGeneration? ReadAddressGeneration(AttributeReader families)
    {
        while (families.Next())
        {
            if (families.Type != Family.Ipv6)
                continue;
            var reader = families.Nested();
            while (reader.Next())
            {
                if (reader.Type == IFLA_INET6_ADDR_GEN_MODE)
                    return (AddressGeneration)reader.Byte();
            }
        }

        return null;
    }

    private static Link ReadInfo(Link link, AttributeReader reader)
    {
        string? portKind = null;
        while (reader.Next())
        {
            switch (reader.Type)
            {
                case IFLA_INFO_KIND:
                    link = link with { Kind = reader.String() };
                    break;
                case IFLA_INFO_DATA:
                    link = link with { Details = ReadDetails(link.Kind, reader.Nested()) };
                    break;
                case IFLA_INFO_SLAVE_KIND:
                    portKind = reader.String();
                    break;
                case IFLA_INFO_SLAVE_DATA when portKind == "bridge":
                    link = link with { Port = BridgePortAttributes.Read(reader.Nested()) };
                    break;
            }
        }

        return link;
    }

    private static LinkDetails? ReadDetails(string? kind, AttributeReader reader) =>
        kind switch
        {
            "bridge" => BridgeAttributes.Read(reader),
            "vxlan" => VxlanAttributes.Read(reader),
            "macvlan" => MacvlanAttributes.Read(reader),
            "tun" => TapAttributes.Read(reader),
            _ => null,
        };

    /// <summary><c>struct ifinfomsg</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Body
    {
        public byte Family;
        public byte Padding;
        public ushort HardwareType;
        public int Index;
        public LinkFlags Flags;
        public LinkFlags Change;
    }
}
