using System.Globalization;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Local.Cluster;

namespace Migration.Local.Kubelet;

/// <summary>The kubelet of one node, as far as pods that are processes need one.</summary>
public sealed class NodeAgent : IReconciler, IAsyncDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private const long DefaultGraceSeconds = 30;

    private readonly FabricNode _node;
    private readonly ResourceClient<Pod> _client;
    private readonly StatusWriter<Pod> _statuses;
    private readonly PodRuntime _runtime;
    private readonly Informer<Pod> _pods;
    private readonly WorkQueue _queue;
    private readonly EventRecorder _events;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    /// <summary>Protects the dictionary; what is in it belongs to whichever worker has the key.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, RunningPod> _running = [];

    private NodeAgent(FabricNode node, NodePaths paths, KubernetesClient client, ImageDirectories images, NameService names, ILogger logger, TimeProvider time)
    {
        _node = node;
        _client = client.For(Kinds.Pods);
        _statuses = new StatusWriter<Pod>(_client);
        _logger = logger;
        _time = time;
        _queue = new WorkQueue($"kubelet-{node.Name}", time);
        _events = new EventRecorder(client, "kubelet", node.Name, logger);
        _runtime = new PodRuntime(
            paths, CniChain.Load(paths, Installation.CniPlugins), images, new ClusterObjects(client), new VolumeSources(client), [node.Address.ToString(), node.Ipv6Address.ToString()], names, time, _events.Warning);
        _pods = new Informer<Pod>(client, Kinds.Pods, new ListOptions { FieldSelector = $"spec.nodeName={node.Name}" }, logger).Feed(_queue).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 16 }.RunAsync([_pods.Synced], _stopping.Token);
    }

    private string HostAddress => _node.Address.ToString();

    /// <summary>Registers the node and starts looking after its pods.</summary>
    public static async Task<NodeAgent> StartAsync(
        FabricNode node, NodePaths paths, KubernetesClient client, ImageDirectories images, NameService names, ILoggerFactory logging, TimeProvider time, CancellationToken ct)
    {
        await NodeRegistration.RegisterAsync(client, node, time, ct);
        return new NodeAgent(node, paths, client, images, names, logging.CreateLogger<NodeAgent>(), time);
    }

    public string? NetworkNamespaceOf(string podUid) => Find(podUid)?.NetworkNamespace;

    internal RunningPod? Find(string podUid)
    {
        lock (_gate)
            return _running.Values.FirstOrDefault(pod => pod.Pod.Metadata.Uid == podUid);
    }

    internal RunningContainer? FindContainer(string podNamespace, string podName, string container) => Find(new ObjectKey(podNamespace, podName))?.Find(container)?.Run;

    public string? LogFileOf(string podNamespace, string podName, string container) => FindContainer(podNamespace, podName, container)?.LogFile;

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        var pod = _pods.Store.Get(key);
        var running = Find(key);
        if (running is not null && running.Pod.Metadata.Uid != pod?.Metadata.Uid)
        {
            await RemoveAsync(key, running, TimeSpan.Zero);
            running = null;
        }

        if (pod is null)
            return Outcome.Done;
        if (pod.IsDeleting)
            return await FinishAsync(pod, running, ct);
        if (running is null && pod.Status?.Phase is "Succeeded" or "Failed")
            return Outcome.Done;
        if (running is null && pod is { Status.Phase: "Running", Spec.RestartPolicy: "Never" })
            return await GiveUpAsync(pod, ct);
        return running is null ? await StartAsync(pod, ct) : await ReportAsync(pod, running, ct);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        await _pods.DisposeAsync();
        await Task.WhenAll(_running.Select(entry => RemoveAsync(entry.Key, entry.Value, TimeSpan.Zero)).ToList());
        await _events.DisposeAsync();
        _queue.Dispose();
        _stopping.Dispose();
    }

    private async Task<Outcome> StartAsync(Pod pod, CancellationToken ct)
    {
        try
        {
            var running = await RunningPod.StartAsync(pod, _runtime, () => _queue.Add(pod.Key), ct);
            lock (_gate)
                _running.Add(pod.Key, running);
            Log.PodStarted(_logger, pod.Key.ToString(), string.Join(',', running.Addresses));
            return await ReportAsync(pod, running, ct);
        }
        catch (CniException refused)
        {
            Log.PodCannotStart(_logger, pod.Key.ToString(), refused.Message);
            await ReportWaitingAsync(pod, refused, ct);
            return Outcome.Again(TryAgain);
        }
    }

    private async Task<Outcome> ReportAsync(Pod pod, RunningPod running, CancellationToken ct)
    {
        var obstacles = Obstacles(running);
        var wait = await running.AdvanceAsync(pod, ct);
        foreach (var obstacle in Obstacles(running).Except(obstacles))
        {
            Log.PodCannotStart(_logger, pod.Key.ToString(), obstacle.Message ?? "");
            _events.Warning(pod, obstacle.Reason == "CrashLoopBackOff" ? "BackOff" : "Failed", obstacle.Message ?? "");
        }

        var status = PodStatusWriting.Of(running, pod, HostAddress, _time.GetUtcNow());
        await _statuses.WriteAsync(pod, pod with { Status = status }, ct);
        return wait is { } again ? Outcome.Again(again) : Outcome.Done;
    }

    /// <summary>It ran before this node began, and may run once only.</summary>
    private async Task<Outcome> GiveUpAsync(Pod pod, CancellationToken ct)
    {
        await _statuses.WriteAsync(pod, pod with { Status = PodStatusWriting.Lost(pod, _time.GetUtcNow()) }, ct);
        return Outcome.Done;
    }

    private static List<ContainerWaiting> Obstacles(RunningPod running) => [.. running.Containers.Select(container => container.Obstacle).OfType<ContainerWaiting>()];

    private async Task ReportWaitingAsync(Pod pod, CniException refused, CancellationToken ct)
    {
        _events.Warning(pod, "FailedCreatePodSandBox", refused.Message);
        var waiting = PodStatusWriting.Waiting(pod, HostAddress, "ContainerCreating", refused.Message, _time.GetUtcNow());
        await _statuses.WriteAsync(pod, pod with { Status = waiting }, ct);
    }

    /// <summary>A pod that is to go: end it within its grace, then confirm to the API server.</summary>
    private async Task<Outcome> FinishAsync(Pod pod, RunningPod? running, CancellationToken ct)
    {
        if (running is not null)
        {
            var grace = pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec?.TerminationGracePeriodSeconds ?? DefaultGraceSeconds;
            await RemoveAsync(pod.Key, running, TimeSpan.FromSeconds(grace));
        }

        await _client.EnsureDeletedAsync(pod, DeleteOptions.Default with { GracePeriodSeconds = 0 }, ct);
        return Outcome.Done;
    }

    private async Task RemoveAsync(ObjectKey key, RunningPod running, TimeSpan grace)
    {
        await running.StopAsync(grace);
        await running.DisposeAsync();
        lock (_gate)
            _running.Remove(key);
        Log.PodRemoved(_logger, string.Create(CultureInfo.InvariantCulture, $"{key}"));
    }

    private RunningPod? Find(ObjectKey key)
    {
        lock (_gate)
            return _running.GetValueOrDefault(key);
    }
}
