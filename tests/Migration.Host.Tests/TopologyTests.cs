using Migration.Testing;
using Migration.Testing.Topologies;

namespace Migration.Host.Tests;

/// <summary>The builder that our tests and other harnesses make networks with.</summary>
public sealed class TopologyTests
{
    [Fact]
    public async Task Pods_on_two_nodes_reach_each_other_over_the_fabric_in_both_families()
    {
        using var topology = new Topology();
        var fabric = await topology.AddFabricAsync("fabric");
        var (a, b) = (await topology.AddNodeAsync("a"), await topology.AddNodeAsync("b"));
        await a.ConnectAsync(fabric, "eth0", "10.77.0.11/24", "fd77::11/64");
        await b.ConnectAsync(fabric, "eth0", "10.77.0.12/24", "fd77::12/64");
        await a.RouteAsync("10.244.2.0/24", via: "10.77.0.12");
        await a.RouteAsync("fd10:244:2::/64", via: "fd77::12");
        await b.RouteAsync("10.244.1.0/24", via: "10.77.0.11");
        await b.RouteAsync("fd10:244:1::/64", via: "fd77::11");

        var left = await a.AddPodAsync("left", "10.244.1.5/24", "fd10:244:1::5/64");
        await b.AddPodAsync("right", "10.244.2.5/24", "fd10:244:2::5/64");

        Assert.Contains("bytes from 10.244.2.5", await left.ExecuteAsync("ping -c 3 -i 0.2 10.244.2.5"), StringComparison.Ordinal);
        Assert.Contains("bytes from fd10:244:2::5", await left.ExecuteAsync("ping -c 3 -i 0.2 fd10:244:2::5"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_topology_made_goes_with_it()
    {
        string name;
        using (var topology = new Topology())
        {
            var node = await topology.AddNodeAsync("alone");
            name = node.Namespace.Name;
            Assert.Contains(name, await Shell.RunLineAsync("ip netns list"), StringComparison.Ordinal);
        }

        Assert.DoesNotContain(name, await Shell.RunLineAsync("ip netns list"), StringComparison.Ordinal);
    }
}
