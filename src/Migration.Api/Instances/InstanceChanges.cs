using System.Text.Json.Nodes;

namespace Migration.Api;

/// <summary>
/// What of an instance's spec may change once it is there. The guest's hardware is fixed; what the node or the next
/// launcher pod takes up is not.
/// </summary>
public static class InstanceChanges
{
    /// <summary>What is wrong with a change, one message each, with the path of the field; defaults filled in or left out change nothing.</summary>
    public static IReadOnlyList<string> Errors(VirtualMachineInstance before, VirtualMachineInstance after)
    {
        var (was, wanted) = (before.CompleteSpec(), after.CompleteSpec());
        var fixedParts = was with
        {
            Networks = wanted.Networks,
            NodeSelector = wanted.NodeSelector,
            Affinity = wanted.Affinity,
            Tolerations = wanted.Tolerations,
            TopologySpreadConstraints = wanted.TopologySpreadConstraints,
            SchedulerName = wanted.SchedulerName,
            EvictionStrategy = wanted.EvictionStrategy,
            TerminationGracePeriodSeconds = wanted.TerminationGracePeriodSeconds,
            Domain = was.Domain with { Devices = was.Domain.Devices with { Interfaces = wanted.Domain.Devices.Interfaces } },
        };
        return [.. Differences(Node(before with { Spec = fixedParts }), Node(before with { Spec = wanted }), "spec").Select(path => $"{path}: update of VMI object is restricted")];
    }

    /// <summary>Whether the spec says something else than before.</summary>
    public static bool IsAnother(VirtualMachineInstance before, VirtualMachineInstance after) => !JsonNode.DeepEquals(Node(before), Node(after));

    private static JsonNode? Node(VirtualMachineInstance instance) => KubeVirt.Instances.ToNode(instance)["spec"];

    private static IEnumerable<string> Differences(JsonNode? before, JsonNode? after, string path)
    {
        if (JsonNode.DeepEquals(before, after))
            return [];
        return before is JsonObject was && after is JsonObject now
            ? was.Select(field => field.Key).Union(now.Select(field => field.Key)).SelectMany(name => Differences(was[name], now[name], $"{path}.{name}"))
            : [path];
    }
}
