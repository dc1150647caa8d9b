using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests.Lab;

/// <summary>Scheduler and kubelets in one: binds launcher pods apart from each other, runs them, lets deleted ones go.</summary>
internal sealed class PodRunner : IReconciler, IAsyncDisposable
{
    private readonly Informer<Pod> _pods;
    private readonly WorkQueue _queue = new("lab-pods");
    private readonly ResourceClient<Pod> _client;
    private readonly IReadOnlyList<string> _nodes;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    // Nodes that pods of one instance were bound to; one worker binds, so that two pods never share one.
    private readonly ConcurrentDictionary<ObjectKey, string> _bound = new();
    private volatile bool _hold;

    public PodRunner(KubernetesClient client, IReadOnlyList<string> nodes)
    {
        (_client, _nodes) = (client.For(Kinds.Pods), nodes);
        _pods = new Informer<Pod>(client, Kinds.Pods).Feed(_queue).Start();
        _running = new Controller(_queue, this, NullLogger.Instance) { Workers = 1 }.RunAsync([_pods.Synced], _stop.Token);
    }

    /// <summary>Pods are not bound until the test lets them.</summary>
    public bool Hold
    {
        get => _hold;
        set
        {
            _hold = value;
            foreach (var pod in _pods.Store.All())
                _queue.Add(pod.Key);
        }
    }

    /// <summary>Kubelets do not hear of deletions.</summary>
    public bool Deaf { get; set; }

    /// <summary>Why new pods find no node; null binds them.</summary>
    public string? Unschedulable { get; set; }

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (_pods.Store.Get(key) is not { } pod)
        {
            _bound.TryRemove(key, out _);
            return Outcome.Done;
        }
        if (pod.IsDeleting && Deaf)
            return Outcome.Done;
        if (pod.IsDeleting)
            await _client.EnsureDeletedAsync(pod, new DeleteOptions { GracePeriodSeconds = 0 }, ct);
        else if (Unschedulable is { } why && pod.Spec?.NodeName is null)
            await PatchStatusAsync(pod, NotScheduled(why), ct);
        else if (pod.Spec?.NodeName is null && !Hold)
            await BindAsync(pod, ct);
        else if (pod.Spec?.NodeName is not null && pod.Status?.Phase is null or "Pending")
            await PatchStatusAsync(pod, Started(), ct);
        return Outcome.Done;
    }

    /// <summary>The pod's containers end.</summary>
    public Task EndAsync(Pod pod, string phase, CancellationToken ct) =>
        PatchStatusAsync(pod, new JsonObject { ["phase"] = phase, ["message"] = "the launcher was killed" }, ct);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _pods.DisposeAsync();
        _queue.Dispose();
        _stop.Dispose();
    }

    private async Task BindAsync(Pod pod, CancellationToken ct)
    {
        var instance = pod.Metadata.Label(Labels.CreatedBy);
        var taken = _pods.Store.All()
            .Where(other => other.Metadata.Label(Labels.CreatedBy) == instance && other.Key != pod.Key)
            .Select(other => _bound.GetValueOrDefault(other.Key));
        if (_nodes.Except(taken).FirstOrDefault() is not { } node)
        {
            await PatchStatusAsync(pod, NotScheduled($"0/{_nodes.Count} nodes are available: {_nodes.Count} node(s) didn't match pod anti-affinity rules."), ct);
            return;
        }
        _bound[pod.Key] = node;
        await _client.PostAsync(
            pod.Key,
            "binding",
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "Binding",
                ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name },
                ["target"] = new JsonObject { ["kind"] = "Node", ["name"] = node },
            },
            ct);
    }

    // Every pod has the same address: nothing is ever sent to it.
    private static JsonObject Started() => new()
    {
        ["phase"] = "Running",
        ["podIP"] = "10.244.1.7",
        ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = "10.244.1.7" }, new JsonObject { ["ip"] = "fd00:10:244:1::7" }),
    };

    private static JsonObject NotScheduled(string why) => new()
    {
        ["phase"] = "Pending",
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "PodScheduled", ["status"] = "False", ["reason"] = "Unschedulable", ["message"] = why }),
    };

    private Task PatchStatusAsync(Pod pod, JsonObject status, CancellationToken ct) =>
        _client.PatchStatusAsync(pod.Key, Patch.Merge(new JsonObject { ["status"] = status }), ct);
}
