using Migration.Kubernetes;

namespace Migration.Controllers.Nodes;

/// <summary>Keeps one connection to every node of the cluster.</summary>
public sealed class NodeReconciler(ClusterView cluster, NodeDirectory nodes) : IReconciler
{
    public Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.Nodes.Store.Get(key) is { } node)
            nodes.Saw(node);
        else
            nodes.Gone(key.Name);
        return Task.FromResult(Outcome.Done);
    }
}
