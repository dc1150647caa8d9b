using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;

namespace Migration.Local.Scheduler;

/// <summary>Binds pods that have no node. One worker, so that every decision sees the one before it.</summary>
public sealed class PodScheduler : IReconciler, IAsyncDisposable
{
    private static readonly TimeSpan BindingSeen = TimeSpan.FromSeconds(2);
    private const string Ours = "default-scheduler";
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);

    private readonly ResourceClient<Pod> _client;
    private readonly Informer<Pod> _pods;
    private readonly Informer<Node> _nodes;
    private readonly WorkQueue _queue;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    private PodScheduler(KubernetesClient client, ILogger logger, TimeProvider time)
    {
        _client = client.For(Kinds.Pods);
        _logger = logger;
        _time = time;
        _queue = new WorkQueue("scheduler", time);
        _events = new EventRecorder(client, "scheduler", "local", logger);
        _pods = new Informer<Pod>(client, Kinds.Pods, logger: logger).Feed(_queue).Start();
        _nodes = new Informer<Node>(client, Kinds.Nodes, logger: logger).Feed(_queue, _ => Unbound()).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 1 }.RunAsync([_pods.Synced, _nodes.Synced], _stopping.Token);
    }

    public static PodScheduler Start(KubernetesClient client, ILoggerFactory logging, TimeProvider time) =>
        new(client, logging.CreateLogger<PodScheduler>(), time);

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (_pods.Store.Get(key) is not { IsDeleting: false, Spec.NodeName: null or "" } pod || pod.Spec?.SchedulerName is { Length: > 0 } and not Ours)
            return Outcome.Done;
        var placement = Placement.Choose(pod, _nodes.Store.All(), _pods.Store.All());
        if (placement.Node is not { } node)
        {
            await ReportAsync(pod, placement.Reason, ct);
            return Outcome.Again(TryAgain);
        }

        await BindAsync(pod, node, ct);
        return Outcome.Done;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        await _pods.DisposeAsync();
        await _nodes.DisposeAsync();
        await _events.DisposeAsync();
        _queue.Dispose();
        _stopping.Dispose();
    }

    private IEnumerable<ObjectKey> Unbound() =>
        _pods.Store.All().Where(pod => string.IsNullOrEmpty(pod.Spec?.NodeName)).Select(pod => pod.Key);

    private async Task BindAsync(Pod pod, string node, CancellationToken ct)
    {
        await _client.PostAsync(pod.Key, "binding", new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Binding",
            ["metadata"] = new JsonObject { ["name"] = pod.Metadata.Name, ["namespace"] = pod.Metadata.Namespace, ["uid"] = pod.Metadata.Uid },
            ["target"] = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Node", ["name"] = node },
        }, ct);
        Log.PodBound(_logger, pod.Key.ToString(), node);
        _events.Normal(pod, "Scheduled", $"Successfully assigned {pod.Key} to {node}");
        // The next decision must count this pod: wait until the store has it.
        await Cluster.Eventually.UntilAsync($"the binding of {pod.Key} is seen", BindingSeen, _time,
            _ => Task.FromResult(_pods.Store.Get(pod.Key) is not { Spec.NodeName: null or "" }), ct);
    }

    private async Task ReportAsync(Pod pod, string reason, CancellationToken ct)
    {
        var condition = new Condition { Type = "PodScheduled", Status = Condition.False, Reason = "Unschedulable", Message = reason };
        if (pod.Status?.Conditions.Find("PodScheduled") is { Status: Condition.False } before && before.Message == reason)
            return;
        _events.Warning(pod, "FailedScheduling", reason);
        var status = (pod.Status ?? new PodStatus { Phase = "Pending" }) with { Conditions = pod.Status?.Conditions.With(condition, _time.GetUtcNow()) ?? [condition] };
        await _client.UpdateStatusAsync(pod with { Status = status }, ct);
    }
}
