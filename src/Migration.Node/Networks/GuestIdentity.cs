using System.Net;
using System.Net.Sockets;
using Migration.Packets;
using Migration.Packets.Dhcp;
using Migration.Packets.Ndp;

namespace Migration.Node.Networks;

/// <summary>
/// Whom a guest sees when the node answers it: DHCP server and IPv6 router, the same on every node, so that a guest that has moved finds
/// what it knew.
/// </summary>
/// <param name="Server">Address and MAC that DHCP is answered from.</param>
/// <param name="IsTheNode">
/// Nobody but the node answers for these addresses. Behind a masquerading bridge they are the bridge's own: the pod's kernel answers, and
/// routes, also while the node service is down.
/// </param>
internal sealed record GuestIdentity(DhcpServerIdentity Server, bool IsTheNode)
{
    /// <summary>KubeVirt's MAC of the masquerading bridge.</summary>
    public static readonly MacAddress BridgeMac = MacAddress.Parse("02:00:00:00:00:00");

    private static readonly DhcpServerIdentity Node = DhcpServerIdentity.ForInterface(0);

    public static GuestIdentity Of(BoundInterface bound) => bound.Binding is BindingKind.Masquerade
        ? new(BridgeOf(bound.Lease), IsTheNode: false)
        : new(Node, IsTheNode: true);

    /// <summary>The IPv6 addresses that the guest finds its servers at.</summary>
    public IEnumerable<IPAddress> LinkLocals =>
        new[] { Server.LinkLocal, RouterIdentity.Through(Server.Mac).LinkLocal }.Select(address => address.ToIPAddress());

    private static DhcpServerIdentity BridgeOf(GuestLease lease) =>
        IPAddress.TryParse(lease.Gateway, out var gateway) && gateway.AddressFamily is AddressFamily.InterNetwork ? new(Ipv4Address.From(gateway), BridgeMac) : Node with { Mac = BridgeMac };
}
