using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Kubernetes;

namespace Migration.Local.Bench.Scale;

/// <summary>The kubelets of all simulated nodes: pods that have a node run, pods that are deleted go.</summary>
internal sealed class SimulatedKubelets : IReconciler, IAsyncDisposable
{
    private const int Workers = 8;

    private readonly Informer<Pod> _pods;
    private readonly WorkQueue _queue;
    private readonly ResourceClient<Pod> _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    public SimulatedKubelets(KubernetesClient client, TimeProvider time)
    {
        _client = client.For(Kinds.Pods);
        _queue = new WorkQueue("simulated kubelets", time);
        _pods = new Informer<Pod>(client, Kinds.Pods).Feed(_queue).Start();
        _running = new Controller(_queue, this, NullLogger.Instance, time) { Workers = Workers }.RunAsync([_pods.Synced], _stop.Token);
    }

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (_pods.Store.Get(key) is not { } pod)
            return Outcome.Done;
        if (pod.IsDeleting)
            await _client.EnsureDeletedAsync(pod, new DeleteOptions { GracePeriodSeconds = 0 }, ct);
        else if (pod.Spec?.NodeName is { Length: > 0 } && pod.Status?.Phase is null or "Pending")
            await _client.PatchStatusAsync(key, Patch.Merge(new JsonObject { ["status"] = Running() }), ct);
        return Outcome.Done;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _pods.DisposeAsync();
        _queue.Dispose();
        _stop.Dispose();
    }

    // Every pod has the same address: nothing is ever sent to it.
    private static JsonObject Running() => new()
    {
        ["phase"] = "Running",
        ["podIP"] = "10.244.1.7",
        ["podIPs"] = new JsonArray(new JsonObject { ["ip"] = "10.244.1.7" }),
        ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
    };
}
