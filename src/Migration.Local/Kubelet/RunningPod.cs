using System.Text.Json.Nodes;
using Migration.Kubernetes;
using Migration.Local.Cluster;
using Migration.Netlink;

namespace Migration.Local.Kubelet;

/// <summary>One pod that is up on this node: its sandbox (namespace and network) and its containers' processes.</summary>
internal sealed class RunningPod : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly CniChain _network;
    private readonly CniPod _sandbox;
    private readonly PodVolumes _volumes;
    private readonly List<RunningContainer> _containers = [];

    private RunningPod(Pod pod, CniPod sandbox, CniChain network, PodVolumes volumes, TimeProvider time)
    {
        Pod = pod;
        _sandbox = sandbox;
        _network = network;
        _volumes = volumes;
        _time = time;
        Started = time.GetUtcNow();
    }

    public Pod Pod { get; }
    public DateTimeOffset Started { get; }
    public string NetworkNamespace => _sandbox.NetworkNamespace;
    public IReadOnlyList<string> Addresses { get; private set; } = [];
    public IReadOnlyList<RunningContainer> Containers => _containers;

    /// <summary>Network first, then every container; what was made is undone when a step fails.</summary>
    /// <param name="containerEnded">Called, on any thread, when a container's process ends.</param>
    public static async Task<RunningPod> StartAsync(
        Pod pod, NodePaths node, CniChain network, ImageDirectories images, VolumeSources sources, TimeProvider time, Action containerEnded, CancellationToken ct)
    {
        var id = Guid.NewGuid().ToString("N")[..12];
        var sandbox = new CniPod(pod.Metadata.Namespace!, pod.Metadata.Name!, pod.Metadata.Uid!, id, node.PodNamespace(id))
        {
            Annotations = pod.Metadata.Annotations ?? new Dictionary<string, string>(),
        };
        var running = new RunningPod(pod, sandbox, network, new PodVolumes(node, images, sources, pod), time);
        try
        {
            await running._volumes.ResolveAsync(ct);
            CreateNetwork(sandbox.NetworkNamespace);
            running.Addresses = AddressesIn(await network.AddAsync(sandbox, ct));
            foreach (var container in pod.Spec?.Containers ?? [])
                running.Start(container, containerEnded);
            return running;
        }
        catch
        {
            await running.DisposeAsync();
            throw;
        }
    }

    public RunningContainer? Find(string container) => _containers.FirstOrDefault(running => running.Container.Name == container);

    /// <summary>Ends every container within the grace period.</summary>
    public Task StopAsync(TimeSpan grace) => Task.WhenAll(_containers.Select(container => container.StopAsync(grace)));

    /// <summary>Removes whatever is left of the pod on this node. May throw when CNI DEL fails; call again.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero);
        foreach (var container in _containers)
            container.Dispose();
        _containers.Clear();
        // Whatever was started in the pod, by whomever, ends with it.
        if (File.Exists(_sandbox.NetworkNamespace))
            ContainerProcesses.EndAllInNetwork(_sandbox.NetworkNamespace);
        await _network.DeleteAsync(_sandbox, CancellationToken.None);
        Linux.NetworkNamespace.Delete(_sandbox.NetworkNamespace);
        _volumes.Remove();
    }

    private void Start(Container container, Action containerEnded)
    {
        if (container.Command is not { Count: > 0 } command)
            throw new PodRefusedException($"container \"{container.Name}\": command is required, since an image here is only a directory");
        var start = new ContainerStart
        {
            NetworkNamespace = _sandbox.NetworkNamespace,
            Command = [.. command, .. container.Args ?? []],
            Mounts = _volumes.MountsOf(container),
            Environment = EnvironmentOf(container),
            WorkingDirectory = container.WorkingDir is { Length: > 0 } directory ? directory : "/",
            Terminal = container.Tty == true,
            User = container.SecurityContext?.RunAsUser ?? Pod.Spec?.SecurityContext?.RunAsUser,
            Group = container.SecurityContext?.RunAsGroup ?? Pod.Spec?.SecurityContext?.RunAsGroup,
        };
        _containers.Add(new RunningContainer(container, start, _volumes.LogFile(container), _time, containerEnded));
    }

    private Dictionary<string, string> EnvironmentOf(Container container)
    {
        var environment = new Dictionary<string, string> { ["HOSTNAME"] = Pod.Spec?.Hostname ?? Pod.Metadata.Name! };
        foreach (var variable in container.Env ?? [])
        {
            if (variable is { Name: { } name, Value: var value })
                environment[name] = value ?? "";
        }

        return environment;
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
}
