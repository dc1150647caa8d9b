using System.Net;
using System.Net.Sockets;

namespace Migration.Netlink.Protocol;

/// <summary>The kernel's numbers of address families; .NET's differ.</summary>
internal static class Family
{
    public const byte Unspecified = 0, Ipv4 = 2, Bridge = 7, Ipv6 = 10;

    public static byte Of(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? Ipv4 : Ipv6;
}
