using System.Net;
using System.Text.Json.Nodes;

namespace Migration.Local.Cluster;

/// <summary>The CNI chain of a node: the reference bridge with addresses of the node's own range, then our plugin.</summary>
internal static class CniConfiguration
{
    public static void Write(NodePaths paths, FabricNode node)
    {
        var list = new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "pods",
            ["plugins"] = new JsonArray(Bridge(paths, node), Binding(paths)),
        };
        File.WriteAllText(paths.CniConfiguration, list.ToJsonString());
    }

    private static JsonObject Bridge(NodePaths paths, FabricNode node) => new()
    {
        ["type"] = "bridge",
        ["bridge"] = "cni0",
        ["isGateway"] = true,
        ["ipMasq"] = false,
        ["hairpinMode"] = true,
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = paths.CniAddresses,
            ["ranges"] = new JsonArray(Range(node.PodNetwork), Range(node.Ipv6PodNetwork)),
            ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }, new JsonObject { ["dst"] = "::/0" }),
        },
    };

    private static JsonArray Range(IPNetwork network) => new(new JsonObject { ["subnet"] = network.ToString() });

    private static JsonObject Binding(NodePaths paths) => new()
    {
        ["type"] = "migration-cni",
        ["nodeSocket"] = paths.Socket,
        ["capabilities"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = true },
    };
}
