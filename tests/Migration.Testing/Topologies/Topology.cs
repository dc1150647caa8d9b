namespace Migration.Testing.Topologies;

/// <summary>
/// Networks to test in, made of namespaces in a few lines: fabrics that nodes are cabled to, nodes that forward, pods behind a node's
/// bridge. All of it goes when the topology is disposed, and when the process that made it is killed, with the next run.
/// </summary>
public sealed class Topology : IDisposable
{
    private readonly List<TestNamespace> _spaces = [];

    /// <summary>A layer-2 network: everything that is connected to it hears everything else.</summary>
    public async Task<Fabric> AddFabricAsync(string name)
    {
        var space = await AddAsync(name);
        await space.IpAsync($"link add {Fabric.Bridge} type bridge");
        await space.IpAsync($"link set {Fabric.Bridge} up");
        return new Fabric(space);
    }

    /// <summary>A machine that forwards IPv4 and IPv6; not connected to anything yet.</summary>
    public async Task<TopologyNode> AddNodeAsync(string name)
    {
        var space = await AddAsync(name);
        await space.ExecuteAsync("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
        return new TopologyNode(this, space);
    }

    /// <summary>A namespace of this topology with nothing in it but its loopback, up.</summary>
    public async Task<TestNamespace> AddAsync(string name)
    {
        var space = TestNamespace.Create(name);
        _spaces.Add(space);
        await space.IpAsync("link set lo up");
        return space;
    }

    public void Dispose()
    {
        foreach (var space in Enumerable.Reverse(_spaces))
            space.Dispose();
    }
}
