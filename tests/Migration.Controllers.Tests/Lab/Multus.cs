using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests.Lab;

/// <summary>
/// Multus and its controller for running pods, as far as anybody else sees them: what a pod asks for is made, and told
/// in the pod's network-status.
/// </summary>
internal sealed class Multus : IReconciler, IAsyncDisposable
{
    private readonly Informer<Pod> _pods;
    private readonly WorkQueue _queue = new("lab-multus");
    private readonly ResourceClient<Pod> _client;
    private readonly ControllerLab _lab;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private volatile bool _hold;

    public Multus(ControllerLab lab)
    {
        (_lab, _client) = (lab, lab.Pods);
        _pods = new Informer<Pod>(lab.Client, Kinds.Pods).Feed(_queue).Start();
        _running = new Controller(_queue, this, NullLogger.Instance) { Workers = 1 }.RunAsync([_pods.Synced], _stop.Token);
    }

    /// <summary>Nothing is made until the test lets it.</summary>
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

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (_hold || _pods.Store.Get(key) is not { IsDeleting: false, Spec.NodeName: { } node } pod)
            return Outcome.Done;
        var asked = NetworkSelections.Read(pod.Metadata.Annotation(Annotations.Networks), key.Namespace);
        foreach (var selection in asked)
            _lab.Nodes[node].PodInterfaces[selection.Interface!] = true;
        var told = new JsonArray(new JsonObject { ["name"] = "cbr0", ["interface"] = "eth0", ["ips"] = new JsonArray("10.244.1.7"), ["default"] = true, ["dns"] = new JsonObject() });
        foreach (var selection in asked)
            told.Add((JsonNode)new JsonObject { ["name"] = selection.Definition.ToString(), ["interface"] = selection.Interface, ["ips"] = new JsonArray("10.10.0.9"), ["mac"] = "02:00:00:00:01:07", ["dns"] = new JsonObject() });
        if (pod.Metadata.Annotation(Annotations.NetworkStatus) != told.ToJsonString())
        {
            var annotations = new JsonObject { [Annotations.NetworkStatus] = told.ToJsonString() };
            await _client.PatchAsync(key, Patch.Merge(new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } }), ct);
        }
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
}
