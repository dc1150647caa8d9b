using System.Net;
using System.Text.Json.Nodes;

namespace Migration.Local.Cluster;

/// <summary>The CNI chain of a node: the reference bridge with addresses of the node's own range, then our plugin.</summary>
internal static class CniConfiguration
{
    public static void Write(NodePaths node, IPNetwork pods)
    {
        var list = new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            ["name"] = "pods",
            ["plugins"] = new JsonArray(Bridge(node, pods), Binding(node)),
        };
        File.WriteAllText(node.CniConfiguration, list.ToJsonString());
    }

    private static JsonObject Bridge(NodePaths node, IPNetwork pods) => new()
    {
        ["type"] = "bridge",
        ["bridge"] = "cni0",
        ["isGateway"] = true,
        ["ipMasq"] = false,
        ["hairpinMode"] = true,
        ["ipam"] = new JsonObject
        {
            ["type"] = "host-local",
            ["dataDir"] = node.CniAddresses,
            ["ranges"] = new JsonArray(new JsonArray(new JsonObject { ["subnet"] = pods.ToString() })),
            ["routes"] = new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" }),
        },
    };

    private static JsonObject Binding(NodePaths node) => new()
    {
        ["type"] = "migration-cni",
        ["nodeSocket"] = node.Socket,
        ["capabilities"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = true },
    };
}
