using System.Net;
using System.Net.Sockets;

namespace Migration.Netlink.Protocol;

/// <summary>IFLA_VXLAN_*.</summary>
internal static class VxlanAttributes
{
    private const ushort IFLA_VXLAN_ID = 1, IFLA_VXLAN_GROUP = 2, IFLA_VXLAN_LINK = 3, IFLA_VXLAN_LOCAL = 4, IFLA_VXLAN_LEARNING = 7;
    private const ushort IFLA_VXLAN_PORT = 15, IFLA_VXLAN_GROUP6 = 16, IFLA_VXLAN_LOCAL6 = 17, IFLA_VXLAN_UDP_CSUM = 18;

    public static void Write(MessageWriter message, NewLink.Vxlan vxlan)
    {
        message.UInt32(IFLA_VXLAN_ID, vxlan.Id);
        message.UInt16BigEndian(IFLA_VXLAN_PORT, vxlan.Port);
        message.Flag(IFLA_VXLAN_LEARNING, vxlan.Learning);
        if (vxlan.Remote is { } remote)
            message.Address(IsIpv4(remote) ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6, remote);
        if (vxlan.Local is { } local)
            message.Address(IsIpv4(local) ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, local);
        if (vxlan.UnderlayIndex is { } underlay)
            message.Int32(IFLA_VXLAN_LINK, underlay);
        if (vxlan.UdpChecksum is { } checksum)
            message.Flag(IFLA_VXLAN_UDP_CSUM, checksum);
    }

    public static LinkDetails.Vxlan Read(AttributeReader reader)
    {
        var vxlan = new LinkDetails.Vxlan();
        while (reader.Next())
        {
            vxlan = reader.Type switch
            {
                IFLA_VXLAN_ID => vxlan with { Id = reader.UInt32() },
                IFLA_VXLAN_GROUP or IFLA_VXLAN_GROUP6 => vxlan with { Remote = reader.Address() },
                IFLA_VXLAN_LOCAL or IFLA_VXLAN_LOCAL6 => vxlan with { Local = reader.Address() },
                IFLA_VXLAN_LINK => vxlan with { UnderlayIndex = reader.Int32() is var index and not 0 ? index : null },
                IFLA_VXLAN_PORT => vxlan with { Port = reader.UInt16BigEndian() },
                IFLA_VXLAN_LEARNING => vxlan with { Learning = reader.Flag() },
                _ => vxlan,
            };
        }

        return vxlan;
    }

    private static bool IsIpv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;
}
