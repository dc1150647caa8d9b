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
    private readonly NodePaths _paths;
    private readonly ResourceClient<Pod> _client;
    private readonly StatusWriter<Pod> _statuses;
    private readonly CniChain _network;
    private readonly ImageDirectories _images;
    private readonly VolumeSources _sources;
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

    private NodeAgent(FabricNode node, NodePaths paths, KubernetesClient client, ImageDirectories images, ILogger logger, TimeProvider time)
    {
        _node = node;
        _paths = paths;
        _client = client.For(Kinds.Pods);
        _statuses = new StatusWriter<Pod>(_client);
        _network = CniChain.Load(paths, Installation.CniPlugins);
        _images = images;
        _sources = new VolumeSources(client);
        _logger = logger;
        _time = time;
        _queue = new WorkQueue($"kubelet-{node.Name}", time);
        _events = new EventRecorder(client, "kubelet", node.Name, logger);
        _pods = new Informer<Pod>(client, Kinds.Pods, new ListOptions { FieldSelector = $"spec.nodeName={node.Name}" }, logger).Feed(_queue).Start();
        _loop = new Controller(_queue, this, logger, time) { Workers = 16 }.RunAsync([_pods.Synced], _stopping.Token);
    }

    private string HostAddress => _node.Address.ToString();

    /// <summary>Registers the node and starts looking after its pods.</summary>
    public static async Task<NodeAgent> StartAsync(
        FabricNode node, NodePaths paths, KubernetesClient client, ImageDirectories images, ILoggerFactory logging, TimeProvider time, CancellationToken ct)
    {
        await NodeRegistration.RegisterAsync(client, node, time, ct);
        return new NodeAgent(node, paths, client, images, logging.CreateLogger<NodeAgent>(), time);
    }

    public string? NetworkNamespaceOf(string podUid) => Find(podUid)?.NetworkNamespace;

    internal RunningPod? Find(string podUid)
    {
        lock (_gate)
            return _running.Values.FirstOrDefault(pod => pod.Pod.Metadata.Uid == podUid);
    }

    internal RunningContainer? FindContainer(string podNamespace, string podName, string container) => Find(new ObjectKey(podNamespace, podName))?.Find(container);

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
            var running = await RunningPod.StartAsync(pod, _paths, _network, _images, _sources, _time, () => _queue.Add(pod.Key), ct);
            lock (_gate)
                _running.Add(pod.Key, running);
            Log.PodStarted(_logger, pod.Key.ToString(), string.Join(',', running.Addresses));
            return await ReportAsync(pod, running, ct);
        }
        catch (Exception refused) when (refused is CniException or ImageNotFoundException or PodRefusedException or IOException)
        {
            Log.PodCannotStart(_logger, pod.Key.ToString(), refused.Message);
            await ReportWaitingAsync(pod, refused, ct);
            return Outcome.Again(TryAgain);
        }
    }

    private async Task<Outcome> ReportAsync(Pod pod, RunningPod running, CancellationToken ct)
    {
        var status = PodStatusWriting.Of(running, pod.Status, HostAddress, _time.GetUtcNow());
        await _statuses.WriteAsync(pod, pod with { Status = status }, ct);
        return Outcome.Done;
    }

    /// <summary>It ran before this node began, and may run once only.</summary>
    private async Task<Outcome> GiveUpAsync(Pod pod, CancellationToken ct)
    {
        await _statuses.WriteAsync(pod, pod with { Status = PodStatusWriting.Lost(pod, _time.GetUtcNow()) }, ct);
        return Outcome.Done;
    }

    private async Task ReportWaitingAsync(Pod pod, Exception refused, CancellationToken ct)
    {
        var (status, reason) = refused switch
        {
            ImageNotFoundException => ("ErrImagePull", "Failed"),
            CniException => ("ContainerCreating", "FailedCreatePodSandBox"),
            _ => ("CreateContainerConfigError", "Failed"),
        };
        _events.Warning(pod, reason, refused.Message);
        var waiting = PodStatusWriting.Waiting(pod, HostAddress, status, refused.Message, _time.GetUtcNow());
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
