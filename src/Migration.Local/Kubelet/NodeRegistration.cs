using System.Globalization;
using System.Runtime.InteropServices;
using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>The Node object of a node that is a namespace of this machine.</summary>
internal static class NodeRegistration
{
    public static async Task RegisterAsync(KubernetesClient client, FabricNode node, TimeProvider time, CancellationToken ct)
    {
        var nodes = client.For(Kinds.Nodes);
        var registered = await nodes.FindAsync(ObjectKey.Of(node.Name), ct) ?? await nodes.CreateAsync(new Node
        {
            ApiVersion = "v1",
            Kind = "Node",
            Metadata = new ObjectMeta
            {
                Name = node.Name,
                Labels = new Dictionary<string, string>
                {
                    ["kubernetes.io/hostname"] = node.Name,
                    ["kubernetes.io/os"] = "linux",
                    ["kubernetes.io/arch"] = "amd64",
                },
            },
            Spec = new NodeSpec { PodCidr = node.PodNetwork.ToString(), PodCidrs = [node.PodNetwork.ToString(), node.Ipv6PodNetwork.ToString()] },
        }, ct);
        await nodes.UpdateStatusAsync(registered with { Status = StatusOf(node, time.GetUtcNow()) }, ct);
    }

    /// <summary>Nodes of an earlier run that were not started again: nobody hears of them.</summary>
    public static async Task ForsakeOthersAsync(KubernetesClient client, IReadOnlyList<FabricNode> started, TimeProvider time, CancellationToken ct)
    {
        var nodes = client.For(Kinds.Nodes);
        var silent = new Condition { Type = "Ready", Status = "Unknown", Reason = "NodeStatusUnknown", Message = "Kubelet stopped posting node status." };
        foreach (var node in (await nodes.ListAsync(ListOptions.All, ct)).Where(node => started.All(known => known.Name != node.Metadata.Name)))
            await nodes.UpdateStatusAsync(node with { Status = (node.Status ?? new NodeStatus()) with { Conditions = node.Status?.Conditions.With(silent, time.GetUtcNow()) ?? [silent] } }, ct);
    }

    /// <summary>How much of a resource a node has; 0 of what it does not know.</summary>
    public static decimal CapacityOf(string resource) => Capacity().TryGetValue(resource, out var amount) ? amount.Amount : 0;

    private static Dictionary<string, Quantity> Capacity() => new()
    {
        ["cpu"] = Quantity.Parse(Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture)),
        ["memory"] = Quantity.Parse($"{MemoryKiB()}Ki"),
        ["pods"] = Quantity.Parse("110"),
    };

    private static NodeStatus StatusOf(FabricNode node, DateTimeOffset now)
    {
        var capacity = Capacity();
        return new NodeStatus
        {
            Capacity = capacity,
            Allocatable = capacity,
            Conditions = [new Condition { Type = "Ready", Status = Condition.True, Reason = "KubeletReady", Message = "pods run as processes", LastTransitionTime = now, LastHeartbeatTime = now }],
            Addresses = [new NodeAddress { Type = "InternalIP", Address = node.Address.ToString() }, new NodeAddress { Type = "InternalIP", Address = node.Ipv6Address.ToString() }, new NodeAddress { Type = "Hostname", Address = node.Name }],
            NodeInfo = new NodeInfo
            {
                KubeletVersion = "v1.32.0-migration",
                KubeProxyVersion = "v1.32.0-migration",
                ContainerRuntimeVersion = "process://1.0",
                KernelVersion = Environment.OSVersion.Version.ToString(),
                OsImage = RuntimeInformation.OSDescription,
                OperatingSystem = "linux",
                Architecture = "amd64",
                MachineId = node.Name,
                SystemUuid = node.Name,
                BootId = node.Name,
            },
        };
    }

    private static string MemoryKiB() =>
        File.ReadLines("/proc/meminfo").First(line => line.StartsWith("MemTotal:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
}
