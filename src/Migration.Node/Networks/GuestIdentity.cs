using System.Net;
using System.Net.Sockets;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Node.Networks;

/// <summary>
/// Whom a guest sees when the node answers it: DHCP server and IPv6 router, the same on every node, so that a guest that has moved finds
/// what it knew.
/// </summary>
/// <param name="Server">Address and MAC that DHCPv4 is answered from.</param>
/// <param name="Router">The link-local address that router advertisements and DHCPv6 come from.</param>
/// <param name="IsTheNode">
/// Nobody but the node answers for these addresses. Behind a masquerading bridge they are the bridge's own: the pod's kernel answers, and
/// routes, also while the node service is down.
/// </param>
internal sealed record GuestIdentity(DhcpServerIdentity Server, IPAddress Router, bool IsTheNode)
{
    /// <summary>KubeVirt's MAC of the masquerading bridge.</summary>
    public static readonly MacAddress BridgeMac = MacAddress.Parse("02:00:00:00:00:00");

    private static readonly DhcpServerIdentity Node = DhcpServerIdentity.ForInterface(0);

    public static GuestIdentity Of(BoundInterface bound) => bound.Binding is BindingKind.Masquerade
        ? new(BridgeOf(bound.Lease), LinkLocal(BridgeMac), IsTheNode: false)
        : new(Node, LinkLocal(Node.Mac), IsTheNode: true);

    private static DhcpServerIdentity BridgeOf(GuestLease lease) =>
        IPAddress.TryParse(lease.Gateway, out var gateway) && gateway.AddressFamily is AddressFamily.InterNetwork ? new(Ipv4Address.From(gateway), BridgeMac) : Node with { Mac = BridgeMac };

    /// <summary>The address that IPv6 makes of a MAC by itself (RFC 4291 appendix A).</summary>
    public static IPAddress LinkLocal(MacAddress mac)
    {
        Span<byte> bytes = stackalloc byte[MacAddress.Length];
        mac.Write(bytes);
        return new IPAddress([0xfe, 0x80, 0, 0, 0, 0, 0, 0, (byte)(bytes[0] ^ 2), bytes[1], bytes[2], 0xff, 0xfe, bytes[3], bytes[4], bytes[5]]);
    }
}
