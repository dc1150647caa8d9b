using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Protos;
using Outcome = Migration.Kubernetes.Outcome;

namespace Migration.Controllers.Nodes;

/// <summary>Keeps one connection to every node of the cluster, and labels the nodes with what they can run.</summary>
public sealed class NodeReconciler(KubernetesClient client, ClusterView cluster, NodeDirectory nodes, TimeProvider time, ILogger<NodeReconciler> log) : IReconciler
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    private readonly ResourceClient<Kubernetes.Node> _nodes = client.For(Kinds.Nodes);

    // As each node said since it was last reached: it may come back with another QEMU.
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> _labels = new();

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.Nodes.Store.Get(key) is not { } node)
        {
            nodes.Gone(key.Name);
            _labels.TryRemove(key.Name, out _);
            return Outcome.Done;
        }
        nodes.Saw(node);
        if (await LabelsOfAsync(key.Name, ct) is { } labels)
            await LabelAsync(node, labels, ct);
        return Outcome.Done;
    }

    private async Task<IReadOnlyDictionary<string, string>?> LabelsOfAsync(string name, CancellationToken ct)
    {
        if (nodes.Find(name) is not { IsReached: true } node)
        {
            _labels.TryRemove(name, out _);
            return null;
        }
        if (_labels.TryGetValue(name, out var known))
            return known;
        try
        {
            var facts = await node.Facts.GetNodeAsync(new GetNodeRequest(), deadline: time.GetUtcNow().UtcDateTime + CallLimit, cancellationToken: ct);
            return _labels[name] = NodeLabels.Of(facts);
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unimplemented or StatusCode.Unavailable)
        {
            Log.NodeNotAsked(log, name, e.Status.Detail);
            return null;
        }
    }

    private async Task LabelAsync(Kubernetes.Node node, IReadOnlyDictionary<string, string> labels, CancellationToken ct)
    {
        if (Patch.Between(Kinds.Nodes, node, NodeLabels.Labelled(node, labels), onlyIfUnchanged: false) is not { } patch)
            return;
        await _nodes.PatchAsync(node.Key, patch, ct);
        Log.NodeLabelled(log, node.Metadata.Name!, labels.Count);
    }
}
