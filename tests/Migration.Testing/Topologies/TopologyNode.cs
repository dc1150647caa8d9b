using System.Net;
using System.Net.Sockets;

namespace Migration.Testing.Topologies;

/// <summary>A machine: uplinks to fabrics, and pods behind a bridge of its own.</summary>
public sealed class TopologyNode
{
    public const string Bridge = "cni0";
    private readonly Topology _topology;
    private bool _hasBridge;

    internal TopologyNode(Topology topology, TestNamespace space) => (_topology, Namespace) = (topology, space);

    public TestNamespace Namespace { get; }

    public Task ConnectAsync(Fabric fabric, string nic, params string[] addresses) => fabric.ConnectAsync(Namespace, nic, addresses);

    public Task RouteAsync(string destination, string via) => Namespace.IpAsync($"route add {destination} via {via}");

    /// <summary>
    /// A pod with an eth0 of these addresses (CIDR notation) on the node's bridge. The first address of each subnet is the bridge's own,
    /// and the pod's default route goes there.
    /// </summary>
    public async Task<TestNamespace> AddPodAsync(string name, params string[] addresses)
    {
        if (!_hasBridge)
            await AddBridgeAsync();
        var pod = await _topology.AddAsync(name);
        var port = $"veth{pod.Name.Split('-')[1]}";
        await Namespace.IpAsync($"link add {port} type veth peer name eth0 netns {pod.Name}");
        await Namespace.IpAsync($"link set {port} master {Bridge} up");
        await Fabric.AddressesAsync(pod, "eth0", addresses);
        foreach (var address in addresses)
        {
            var (gateway, length) = GatewayOf(address);
            await Namespace.IpAsync($"addr replace {gateway}/{length} dev {Bridge}{(gateway.AddressFamily is AddressFamily.InterNetworkV6 ? " nodad" : "")}");
            await pod.IpAsync($"route add default via {gateway}");
        }

        pod.WaitUntilUp("eth0");
        return pod;
    }

    private async Task AddBridgeAsync()
    {
        await Namespace.IpAsync($"link add {Bridge} type bridge");
        await Namespace.IpAsync($"link set {Bridge} up");
        _hasBridge = true;
    }

    private static (IPAddress Gateway, string Length) GatewayOf(string address)
    {
        var parts = address.Split('/');
        var bytes = IPAddress.Parse(parts[0]).GetAddressBytes();
        var length = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture);
        for (var bit = length; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        bytes[^1] |= 1;
        return (new IPAddress(bytes), parts[1]);
    }
}
