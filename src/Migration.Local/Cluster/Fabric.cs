using System.Net;
using System.Net.Sockets;
using Migration.Linux;
using Migration.Netlink;

namespace Migration.Local.Cluster;

/// <summary>A node's place on the fabric.</summary>
public sealed record FabricNode(int Number)
{
    public string Name => $"node{Number}";
    public IPAddress Address { get; } = new([10, 77, 0, (byte)(10 + Number)]);
    public IPNetwork PodNetwork { get; } = new(new IPAddress([10, 244, (byte)Number, 0]), 24);
}

/// <summary>
/// The network between the nodes: one namespace with a bridge that every node is cabled to, and a route to each node's
/// pods. The API server listens here as well as on the machine's loopback, so nothing is ever added to the machine's own
/// namespace.
/// </summary>
internal sealed class Fabric(ClusterPaths paths)
{
    public static readonly IPAddress Gateway = new([10, 77, 0, 1]);
    private const int PrefixLength = 24;
    private const string BridgeName = "br0";

    public void Create(IReadOnlyList<FabricNode> nodes)
    {
        using var fabric = NetworkNamespace.Create(paths.FabricNamespace);
        using var links = RouteClient.Open(fabric);
        Raise(links, "lo");
        links.CreateLink(new NewLink.Bridge { Name = BridgeName, Up = true });
        var bridge = links.GetLink(BridgeName).Index;
        links.AddAddress(new InterfaceAddress { InterfaceIndex = bridge, Address = Gateway, PrefixLength = PrefixLength });
        Sysctl.Write(fabric, "net/ipv4/ip_forward", "1");
        foreach (var node in nodes)
            Connect(node, nodes, links, bridge);
    }

    /// <summary>A listening socket in the fabric's namespace.</summary>
    public Socket Listen(int port)
    {
        using var fabric = NetworkNamespace.Open(paths.FabricNamespace);
        return fabric.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(Gateway, port));
            socket.Listen(512);
            return socket;
        });
    }

    /// <summary>A node's namespace with its uplink, its default route and its routes to the other nodes' pods.</summary>
    private void Connect(FabricNode node, IReadOnlyList<FabricNode> nodes, RouteClient fabric, int bridge)
    {
        using var space = NetworkNamespace.Create(paths.Node(node.Name).Namespace);
        fabric.CreateLink(new NewLink.Veth { Name = node.Name, Up = true, MasterIndex = bridge, PeerName = "eth0", PeerNamespace = space });
        fabric.AddRoute(new Route { Destination = node.PodNetwork, Gateway = node.Address });

        using var links = RouteClient.Open(space);
        Raise(links, "lo");
        Raise(links, "eth0");
        var uplink = links.GetLink("eth0").Index;
        links.AddAddress(new InterfaceAddress { InterfaceIndex = uplink, Address = node.Address, PrefixLength = PrefixLength });
        links.AddRoute(new Route { Destination = new IPNetwork(IPAddress.Any, 0), Gateway = Gateway });
        foreach (var other in nodes.Where(other => other != node))
            links.AddRoute(new Route { Destination = other.PodNetwork, Gateway = other.Address });
        Sysctl.Write(space, "net/ipv4/ip_forward", "1");
    }

    private static void Raise(RouteClient links, string name) => links.SetLink(links.GetLink(name).Index, new LinkChanges { Up = true });
}
