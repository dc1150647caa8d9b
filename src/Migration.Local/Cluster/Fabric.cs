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
    public IPAddress Ipv6Address { get; } = IPAddress.Parse($"fd77::{10 + Number}");
    public IPNetwork PodNetwork { get; } = new(new IPAddress([10, 244, (byte)Number, 0]), 24);
    public IPNetwork Ipv6PodNetwork { get; } = IPNetwork.Parse($"fd10:244:{Number}::/64");
}

/// <summary>
/// The networks between the nodes: one namespace with a bridge that every node is cabled to and a route to each node's
/// pods, and a second bridge, a plain LAN, that each node has a bridge <c>lan</c> on, for Multus networks. The API server
/// listens here as well as on the machine's loopback, so nothing is ever added to the machine's own namespace.
/// </summary>
internal sealed class Fabric(ClusterPaths paths)
{
    public static readonly IPAddress Gateway = new([10, 77, 0, 1]);
    public const string Lan = "lan";

    // A neighbour for whoever is on the LAN.
    private static readonly IPAddress LanAddress = new([10, 60, 0, 1]);
    private static readonly IPAddress Ipv6LanAddress = IPAddress.Parse("fd60::1");
    public static readonly IPAddress Ipv6Gateway = IPAddress.Parse("fd77::1");
    private const int PrefixLength = 24, Ipv6PrefixLength = 64;
    private const string BridgeName = "br0";

    public void Create(IReadOnlyList<FabricNode> nodes)
    {
        using var fabric = NetworkNamespace.Create(paths.FabricNamespace);
        using var links = RouteClient.Open(fabric);
        Raise(links, "lo");
        links.CreateLink(new NewLink.Bridge { Name = BridgeName, Up = true });
        links.CreateLink(new NewLink.Bridge { Name = Lan, Up = true });
        AddAddresses(links, links.GetLink(BridgeName).Index, Gateway, Ipv6Gateway);
        AddAddresses(links, links.GetLink(Lan).Index, LanAddress, Ipv6LanAddress);
        Forward(fabric);
        foreach (var node in nodes)
            Connect(node, nodes, links);
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

    /// <summary>A socket in the fabric's namespace, from which nodes, pods and controllers are reached.</summary>
    public Socket Dial(AddressFamily family)
    {
        using var fabric = NetworkNamespace.Open(paths.FabricNamespace);
        return fabric.Run(() => new Socket(family, SocketType.Stream, ProtocolType.Tcp));
    }

    /// <summary>A node's namespace with its uplink, its default routes, its routes to the other nodes' pods and its place on the LAN.</summary>
    private void Connect(FabricNode node, IReadOnlyList<FabricNode> nodes, RouteClient fabric)
    {
        using var space = NetworkNamespace.Create(paths.Node(node.Name).Namespace);
        fabric.CreateLink(new NewLink.Veth { Name = node.Name, Up = true, MasterIndex = fabric.GetLink(BridgeName).Index, PeerName = "eth0", PeerNamespace = space });
        fabric.CreateLink(new NewLink.Veth { Name = $"{node.Name}-{Lan}", Up = true, MasterIndex = fabric.GetLink(Lan).Index, PeerName = "eth1", PeerNamespace = space });
        fabric.AddRoute(new Route { Destination = node.PodNetwork, Gateway = node.Address });
        fabric.AddRoute(new Route { Destination = node.Ipv6PodNetwork, Gateway = node.Ipv6Address });

        using var links = RouteClient.Open(space);
        Raise(links, "lo");
        Raise(links, "eth0");
        AddAddresses(links, links.GetLink("eth0").Index, node.Address, node.Ipv6Address);
        links.AddRoute(new Route { Destination = new IPNetwork(IPAddress.Any, 0), Gateway = Gateway });
        links.AddRoute(new Route { Destination = new IPNetwork(IPAddress.IPv6Any, 0), Gateway = Ipv6Gateway });
        foreach (var other in nodes.Where(other => other != node))
        {
            links.AddRoute(new Route { Destination = other.PodNetwork, Gateway = other.Address });
            links.AddRoute(new Route { Destination = other.Ipv6PodNetwork, Gateway = other.Ipv6Address });
        }

        links.CreateLink(new NewLink.Bridge { Name = Lan, Up = true });
        links.SetLink(links.GetLink("eth1").Index, new LinkChanges { MasterIndex = links.GetLink(Lan).Index, Up = true });
        Forward(space);
    }

    private static void AddAddresses(RouteClient links, int link, IPAddress address, IPAddress ipv6)
    {
        links.AddAddress(new InterfaceAddress { InterfaceIndex = link, Address = address, PrefixLength = PrefixLength });
        // Nobody else is here to have it, and nothing can be sent from an address that is still being asked about.
        links.AddAddress(new InterfaceAddress { InterfaceIndex = link, Address = ipv6, PrefixLength = Ipv6PrefixLength, Flags = AddressFlags.NoDuplicateDetection });
    }

    private static void Forward(NetworkNamespace space)
    {
        Sysctl.Write(space, "net/ipv4/ip_forward", "1");
        Sysctl.Write(space, "net/ipv6/conf/all/forwarding", "1");
    }

    private static void Raise(RouteClient links, string name) => links.SetLink(links.GetLink(name).Index, new LinkChanges { Up = true });
}
