using System.Text.Json.Nodes;
using Migration.Kubernetes;
using Migration.Local.Cluster;
using Migration.Netlink;

namespace Migration.Local.Kubelet;

/// <summary>One pod that is up on this node: its sandbox (namespace and network) and its containers over all their runs.</summary>
internal sealed class RunningPod : IAsyncDisposable
{
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);

    private readonly PodRuntime _runtime;
    private readonly CniPod? _sandbox;
    private readonly PodVolumes _volumes;
    private readonly Action _changed;
    private readonly List<PodContainer> _containers = [];

    private RunningPod(Pod pod, CniPod? sandbox, PodRuntime runtime, Action changed)
    {
        Pod = pod;
        _sandbox = sandbox;
        _runtime = runtime;
        _volumes = new PodVolumes(runtime.Paths, runtime.Images, runtime.Volumes, pod);
        _changed = changed;
        Started = runtime.Time.GetUtcNow();
        _containers.AddRange((pod.Spec?.InitContainers ?? []).Select(container => new PodContainer(container, isInit: true)));
        _containers.AddRange((pod.Spec?.Containers ?? []).Select(container => new PodContainer(container, isInit: false)));
    }

    /// <summary>As it was when it started; <see cref="AdvanceAsync"/> is told how it is now.</summary>
    public Pod Pod { get; private set; }

    public DateTimeOffset Started { get; }
    public string NetworkNamespace => _sandbox?.NetworkNamespace ?? _runtime.Paths.Namespace;
    public IReadOnlyList<string> Addresses { get; private set; } = [];
    public IReadOnlyList<PodContainer> Containers => _containers;
    public IEnumerable<PodContainer> InitContainers => _containers.Where(container => container.IsInit);
    public IEnumerable<PodContainer> MainContainers => _containers.Where(container => !container.IsInit);

    /// <summary>Every init container has done its work, or runs beside the others.</summary>
    public bool IsInitialized => InitContainers.All(container => container.IsSidecar ? container.Run is not null : container.HasSucceeded);

    /// <summary>Nothing will run any more, and this is how it ended.</summary>
    public bool HasFailed => InitContainers.Any(container => container is { IsSidecar: false, HasEnded: true, HasSucceeded: false } && !StartsAgain(container))
        || (HasFinished && MainContainers.Any(container => !container.HasSucceeded));

    /// <summary>All containers have ended, and none is started again.</summary>
    public bool HasFinished => MainContainers.All(container => container.HasEnded && !StartsAgain(container));

    /// <summary>The network. What was made is undone when it fails.</summary>
    /// <param name="changed">Called, on any thread, when something happened that <see cref="AdvanceAsync"/> should look at.</param>
    public static async Task<RunningPod> StartAsync(Pod pod, PodRuntime runtime, Action changed, CancellationToken ct)
    {
        var running = new RunningPod(pod, pod.Spec?.HostNetwork == true ? null : SandboxOf(pod, runtime.Paths), runtime, changed);
        try
        {
            await running.ConnectAsync(ct);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts whatever is due, in the order in which containers start. Tells when to look again although nothing happened.</summary>
    public async Task<TimeSpan?> AdvanceAsync(Pod pod, CancellationToken ct)
    {
        Pod = pod;
        foreach (var ended in _containers.Where(container => container.HasEnded))
            await ended.NoteEndAsync();
        if (HasFailed || HasFinished)
        {
            foreach (var sidecar in InitContainers.Where(container => container.IsRunning))
                await sidecar.Run!.StopAsync(TimeSpan.FromSeconds(Pod.Spec?.TerminationGracePeriodSeconds ?? 30));
            return null;
        }

        var waits = new List<TimeSpan>();
        if ((Pod.Spec?.Volumes ?? []).Any(ApiVolumes.Has))
            waits.Add(Refresh);
        foreach (var container in NextToRun())
        {
            if (await EnsureRunningAsync(container, ct) is { } wait)
                waits.Add(wait);
        }

        return waits.Count > 0 ? waits.Min() : null;
    }

    public PodContainer? Find(string container) => _containers.FirstOrDefault(candidate => candidate.Spec.Name == container);

    /// <summary>Ends every container within the grace period: first the pod's own, then the sidecars.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        await Task.WhenAll(MainContainers.Select(container => StopAsync(container, grace)));
        await Task.WhenAll(InitContainers.Select(container => StopAsync(container, grace)));
    }

    /// <summary>Removes whatever is left of the pod on this node. May throw when CNI DEL fails; call again.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        foreach (var container in _containers)
            await container.DisposeAsync();
        if (_sandbox is not null)
        {
            // Whatever was started in the pod, by whomever, ends with it.
            if (File.Exists(_sandbox.NetworkNamespace))
                ContainerProcesses.EndAllInNetwork(_sandbox.NetworkNamespace);
            await _runtime.Network.DeleteAsync(_sandbox, CancellationToken.None);
            Linux.NetworkNamespace.Delete(_sandbox.NetworkNamespace);
        }

        _volumes.Remove();
    }

    private static CniPod SandboxOf(Pod pod, NodePaths node)
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        return new CniPod(pod.Metadata.Namespace!, pod.Metadata.Name!, pod.Metadata.Uid!, id, node.PodNamespace(id))
        {
            Annotations = pod.Metadata.Annotations ?? new Dictionary<string, string>(),
        };
    }

    private async Task ConnectAsync(CancellationToken ct)
    {
        if (_sandbox is null)
        {
            Addresses = _runtime.HostAddresses;
            return;
        }

        CreateNetwork(_sandbox.NetworkNamespace);
        Addresses = AddressesIn(await _runtime.Network.AddAsync(_sandbox, ct));
    }

    /// <summary>With its loopback up, as every runtime leaves it.</summary>
    private static void CreateNetwork(string path)
    {
        using var space = Linux.NetworkNamespace.Create(path);
        using var links = RouteClient.Open(space);
        links.SetLink(links.GetLink("lo").Index, new LinkChanges { Up = true });
    }

    private static List<string> AddressesIn(JsonObject result) =>
        [.. (result["ips"]?.AsArray() ?? []).Select(ip => ((string)ip!["address"]!).Split('/')[0])];

    /// <summary>The first init container that is not done yet, with the sidecars before it; after them, all others.</summary>
    private List<PodContainer> NextToRun()
    {
        var next = new List<PodContainer>();
        foreach (var container in InitContainers)
        {
            if (!container.IsSidecar && container.HasSucceeded)
                continue;
            next.Add(container);
            if (!container.IsSidecar || !container.IsStarted)
                return next;
        }

        next.AddRange(MainContainers);
        return next;
    }

    private bool StartsAgain(PodContainer container) => container.StartsAgain(Pod.Spec?.RestartPolicy);

    /// <summary>Null if it runs or never will again, else when to look again.</summary>
    private async Task<TimeSpan?> EnsureRunningAsync(PodContainer container, CancellationToken ct)
    {
        var now = _runtime.Time.GetUtcNow();
        if (container.IsRunning || (container.HasEnded && !StartsAgain(container)))
        {
            if (container.IsRunning && (Pod.Spec?.Volumes ?? []).Any(ApiVolumes.Has))
                await WriteVolumesAsync(container.Spec, ct);
            return null;
        }

        if (container.HasEnded && now < container.NotBefore)
        {
            container.Obstacle = new ContainerWaiting
            {
                Reason = "CrashLoopBackOff",
                Message = $"back-off {(container.NotBefore - container.Run!.Ended!.Value).TotalSeconds:0}s restarting failed container={container.Spec.Name} pod={Pod.Metadata.Name}",
            };
            return container.NotBefore - now;
        }

        try
        {
            await BeginAsync(container, ct);
            return null;
        }
        catch (Exception refused) when (refused is ImageNotFoundException or PodRefusedException or IOException)
        {
            container.Obstacle = new ContainerWaiting { Reason = refused is ImageNotFoundException ? "ErrImagePull" : "CreateContainerConfigError", Message = refused.Message };
            return TryAgain;
        }
    }

    private async Task BeginAsync(PodContainer container, CancellationToken ct)
    {
        var spec = container.Spec;
        if (spec.Command is not { Count: > 0 } command)
            throw new PodRefusedException($"container \"{spec.Name}\": command is required, since an image here is only a directory");
        await _volumes.ResolveAsync(ct);
        await WriteVolumesAsync(spec, ct);
        var environment = await new PodEnvironment(_runtime.Objects, Pod, _runtime.HostAddress, Addresses).OfAsync(spec, ct);
        var start = new ContainerStart
        {
            NetworkNamespace = NetworkNamespace,
            Command = [.. command.Concat(spec.Args ?? []).Select(word => PodEnvironment.Expand(word, environment))],
            Mounts = [.. _volumes.MountsOf(spec), .. _volumes.NameFiles(_runtime.Names, Addresses)],
            Environment = environment,
            WorkingDirectory = spec.WorkingDir is { Length: > 0 } directory ? directory : "/",
            Terminal = spec.Tty == true,
            User = spec.SecurityContext?.RunAsUser ?? Pod.Spec?.SecurityContext?.RunAsUser,
            Group = spec.SecurityContext?.RunAsGroup ?? Pod.Spec?.SecurityContext?.RunAsGroup,
        };
        container.Begin(
            () => new RunningContainer(spec, start, _volumes.LogFile(spec), _runtime.Time, _changed),
            run => new ContainerProbes(run, Target(), Grace(), _runtime.Time, _changed, text => _runtime.Warn(Pod, "Unhealthy", text)));
        if (spec.Lifecycle?.PostStart is { } hook)
            await RunHookAsync(container.Run!, hook, "PostStart", Grace(), ct);
    }

    private async Task WriteVolumesAsync(Container spec, CancellationToken ct)
    {
        var written = new ApiVolumes(_runtime.Objects, Pod, _runtime.HostAddress, Addresses);
        foreach (var volume in (Pod.Spec?.Volumes ?? []).Where(volume => ApiVolumes.Has(volume) && spec.VolumeMounts?.Any(mount => mount.Name == volume.Name) == true))
            await written.WriteAsync(volume, _volumes.DirectoryOf(volume), ct);
    }

    private async Task StopAsync(PodContainer container, TimeSpan grace)
    {
        if (!container.IsRunning)
            return;
        var began = _runtime.Time.GetTimestamp();
        if (grace > TimeSpan.Zero && container.Spec.Lifecycle?.PreStop is { } hook)
            await RunHookAsync(container.Run!, hook, "PreStop", grace, CancellationToken.None);
        var left = grace - _runtime.Time.GetElapsedTime(began);
        await container.Run!.StopAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    private async Task RunHookAsync(RunningContainer run, LifecycleHandler hook, string name, TimeSpan grace, CancellationToken ct)
    {
        using var limit = new CancellationTokenSource(grace, _runtime.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
        string? failure;
        try
        {
            failure = hook switch
            {
                { Exec.Command: { Count: > 0 } command } => await ProbeTarget.ExecuteAsync(run, command, either.Token),
                { HttpGet: { } get } => await Target().GetAsync(run.Container, get, either.Token),
                { Sleep.Seconds: { } seconds } => await SleepAsync(TimeSpan.FromSeconds(seconds), run, either.Token),
                _ => "only exec, httpGet and sleep are known",
            };
        }
        catch (Exception failed) when (failed is OperationCanceledException or HttpRequestException or IOException or FormatException && !ct.IsCancellationRequested)
        {
            failure = failed.Message;
        }

        if (failure is not null)
            _runtime.Warn(Pod, $"Failed{name}Hook", $"{name}Hook of container {run.Container.Name} failed: {failure}");
    }

    private async Task<string?> SleepAsync(TimeSpan time, RunningContainer run, CancellationToken ct)
    {
        await Task.WhenAny(Task.Delay(time, _runtime.Time, ct), run.Exit);
        return null;
    }

    private ProbeTarget Target() => new(Addresses.Count > 0 ? Addresses[0] : _runtime.HostAddress, _runtime.Paths.Namespace, _runtime.Time);

    private TimeSpan Grace() => TimeSpan.FromSeconds(Pod.Spec?.TerminationGracePeriodSeconds ?? 30);
}
