using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>What every pod of a node is started with.</summary>
/// <param name="Warn">Puts an event on a pod: (pod, reason, message).</param>
internal sealed record PodRuntime(
    NodePaths Paths, CniChain Network, ImageDirectories Images, ClusterObjects Objects, VolumeSources Volumes, IReadOnlyList<string> HostAddresses, NameService Names,
    TimeProvider Time, Action<Pod, string, string> Warn)
{
    public string HostAddress => HostAddresses[0];
}
