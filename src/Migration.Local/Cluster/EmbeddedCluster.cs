using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Migration.Kubernetes;
using Migration.Local.ApiServer;
using Migration.Local.Kubelet;
using Migration.Local.Kubelet.Streaming;
using Migration.Local.Scheduler;
using Migration.Local.Services;
using Migration.Local.Storage;

namespace Migration.Local.Cluster;

/// <summary>A whole cluster on this machine: API server, fabric, nodes, scheduler, controllers.</summary>
public sealed class EmbeddedCluster : IAsyncDisposable
{
    public const int NodePort = 7411;
    private const int DataPort = 7412;
    private const int FabricApiPort = 6443;
    private const int WebhookPort = 9443;
    private const int HttpPort = 9090;

    /// <summary>The controllers have the rights that they have in any cluster, those of deploy/, and no others.</summary>
    private const string ControllersAccount = "system:serviceaccount:migration-system:migration-controllers";

    private readonly ClusterOptions _options;
    private readonly ILoggerFactory _logging;
    private readonly TimeProvider _time;
    private readonly ImageDirectories _images;
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly List<Supervisor> _programs = [];
    private readonly Dictionary<string, NodeAgent> _agents = [];

    private EmbeddedCluster(ClusterOptions options, ILoggerFactory logging, TimeProvider time)
    {
        _options = options;
        _logging = logging;
        _time = time;
        Paths = new ClusterPaths(options.Name);
        _images = new ImageDirectories(KnownImages(options));
    }

    public ClusterPaths Paths { get; }
    public KubernetesClient Client { get; private set; } = null!;

    /// <summary>The controllers' live page, from this machine.</summary>
    public Uri Page { get; private set; } = null!;

    /// <summary>The programs that are kept running: one migration-node per node, and migration-controllers.</summary>
    public IReadOnlyList<Supervisor> Programs => _programs;

    /// <summary>The network namespace of a pod that runs here, for traffic from where the pod is.</summary>
    public string? PodNetworkNamespace(string podUid) =>
        _agents.Values.Select(agent => agent.NetworkNamespaceOf(podUid)).FirstOrDefault(found => found is not null);

    /// <summary>The file that a container of a pod that runs here writes to, or null.</summary>
    public string? LogFileOf(string podNamespace, string podName, string container) =>
        _agents.Values.Select(agent => agent.LogFileOf(podNamespace, podName, container)).FirstOrDefault(found => found is not null);

    /// <summary>Starts everything; returns when nodes are ready. What an earlier run of this name left is removed first.</summary>
    public static async Task<EmbeddedCluster> StartAsync(ClusterOptions options, ILoggerFactory logging, TimeProvider time, CancellationToken ct)
    {
        var cluster = new EmbeddedCluster(options, logging, time);
        try
        {
            Leftovers.Remove(cluster.Paths);
            await cluster.StartPartsAsync(ct);
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        Client?.Dispose();
        Leftovers.Remove(Paths);
    }

    private async Task StartPartsAsync(CancellationToken ct)
    {
        var nodes = Enumerable.Range(1, _options.Nodes).Select(number => new FabricNode(number)).ToList();
        Directory.CreateDirectory(Paths.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var fabric = new Fabric(Paths);
        fabric.Create(nodes);

        var authority = Keep(new Owned<CertificateAuthority>(OpenAuthority())).Value;
        await StartApiServerAsync(authority, fabric, ct);
        Keep(await ClusterServices.StartAsync(nodes, Paths, new IPEndPoint(Fabric.Gateway, FabricApiPort), Client, _logging, _time, ct));
        foreach (var node in nodes)
            await StartNodeAsync(node, authority, ct);
        await NodeRegistration.ForsakeOthersAsync(Client, nodes, _time, ct);
        Keep(await VolumeProvisioner.StartAsync(Client, _options.State is null ? Paths.Volumes : Paths.KeptVolumes, _logging, _time, ct));
        Keep(PodScheduler.Start(Client, _logging, _time));
        StartControllers(authority);
        Page = Keep(new LoopbackDoor(Paths.FabricNamespace, new IPEndPoint(Fabric.Gateway, HttpPort))).Address;
        await File.WriteAllTextAsync(Paths.Page, Page.ToString(), ct);
    }

    /// <summary>The authority of the run before, so that its tokens and certificates stay good, or a new one.</summary>
    private CertificateAuthority OpenAuthority()
    {
        if (_options.State is not { } state)
            return CertificateAuthority.Create($"migration:{_options.Name}", _time);
        if (!_options.Keep && Directory.Exists(state))
            Directory.Delete(state, recursive: true);
        Directory.CreateDirectory(state, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (File.Exists(Path.Combine(state, "ca.key")))
            return CertificateAuthority.Load(state, _time);
        var made = CertificateAuthority.Create($"migration:{_options.Name}", _time);
        made.WriteTo(state);
        return made;
    }

    private async Task StartApiServerAsync(CertificateAuthority authority, Fabric fabric, CancellationToken ct)
    {
        var listener = Keep(new Owned<Socket>(fabric.Listen(FabricApiPort)));
        var server = Keep(await EmbeddedApiServer.StartAsync(
            new ApiServerOptions
            {
                Authority = authority,
                Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
                Listeners = [listener.Value.SafeHandle],
                CertificateAddresses = [Fabric.Gateway, ClusterServices.ApiAddress],
                ClusterName = $"migration-{_options.Name}",
                StateDirectory = _options.State,
                ManifestDirectory = Installation.Crds,
                ManifestFiles = [Installation.ControllersRights],
                PodLogs = OpenLogAsync,
                Dialler = fabric.Dial,
                PodStreams = Keep(new Owned<PodStreams>(new PodStreams(FindPod, _time))).Value.ServeAsync,
                Time = _time,
                Logging = _logging,
            },
            ct));
        server.WriteKubeconfig(Paths.Kubeconfig, server.Url);
        server.WriteKubeconfig(Paths.ControllersKubeconfig, ControllersAccount, null, new Uri($"https://{Fabric.Gateway}:{FabricApiPort}"));
        Client = new KubernetesClient(KubernetesConfig.FromKubeconfig(Paths.Kubeconfig));
    }

    private async Task StartNodeAsync(FabricNode node, CertificateAuthority authority, CancellationToken ct)
    {
        var paths = Paths.Node(node.Name);
        Directory.CreateDirectory(paths.State);
        Directory.CreateDirectory(paths.KubeletRoot);
        using (var certificate = authority.Issue($"migration:node:{node.Name}", "migration:nodes", [node.Address], [node.Name]))
            certificate.WriteTo(paths.Certificates);
        CniConfiguration.Write(paths, node);
        Supervise(node.Name, new ProgramStart(
            Installation.Program("migration-node"),
            [
                "--name", node.Name, "--listen", $"{node.Address}:{NodePort}", "--data-listen", $"{node.Address}:{DataPort}",
                "--socket", paths.Socket, "--state", paths.State, "--kubelet-root", paths.KubeletRoot,
                "--certificates", paths.Certificates, "--accelerator", _options.Accelerator, "--http-listen", $"{node.Address}:{HttpPort}",
                "--cni-bin-dir", string.Join(':', Installation.CniPlugins), "--cni-conf-dir", Path.GetDirectoryName(paths.CniConfiguration)!,
            ],
            paths.Log,
            paths.Namespace)
        {
            // As deploy/node has it.
            Environment = new Dictionary<string, string> { ["DOTNET_GCGen0MaxBudget"] = "400000" },
        });
        var agent = await NodeAgent.StartAsync(node, paths, Client, _images, ClusterServices.Names, _logging, _time, ct);
        _agents.Add(node.Name, Keep(agent));
    }

    private void StartControllers(CertificateAuthority authority)
    {
        using (var certificate = authority.Issue("migration:controllers", "migration:controllers", [], []))
            certificate.WriteTo(Paths.ControllersCertificates);
        Supervise("controllers", new ProgramStart(
            Installation.Program("migration-controllers"),
            [
                "--kubeconfig", Paths.ControllersKubeconfig, "--certificates", Paths.ControllersCertificates,
                "--node-port", NodePort.ToString(CultureInfo.InvariantCulture), "--namespace", "migration-system", "--identity", "local",
                "--http-listen", $"{Fabric.Gateway}:{HttpPort}",
                "--webhook-listen", $"{Fabric.Gateway}:{WebhookPort}", "--webhook-url", $"https://{Fabric.Gateway}:{WebhookPort}",
            ],
            Paths.ControllersLog,
            Paths.FabricNamespace));
    }

    private void Supervise(string name, ProgramStart start) =>
        _programs.Add(Keep(new Supervisor(name, start, _time, _logging.CreateLogger<Supervisor>())));

    private T Keep<T>(T part) where T : IAsyncDisposable
    {
        _parts.Add(part);
        return part;
    }

    private Task<Stream> OpenLogAsync(string podNamespace, string podName, string container, PodLogOptions options, CancellationToken ct)
    {
        var run = _agents.Values.Select(agent => agent.FindContainer(podNamespace, podName, container)).FirstOrDefault(found => found is not null)
            ?? throw new FileNotFoundException($"container {container} of pod {podNamespace}/{podName} has no log here");
        return Task.FromResult(options.Previous
            ? PodLog.Open(ContainerLog.PreviousOf(run.LogFile), options, () => true, _time)
            : PodLog.Open(run.LogFile, options, () => run.Exit.IsCompleted, _time));
    }

    private RunningPod? FindPod(string uid) => _agents.Values.Select(agent => agent.Find(uid)).FirstOrDefault(found => found is not null);

    private static Dictionary<string, string> KnownImages(ClusterOptions options) => new(options.Images)
    {
        ["migration-launcher"] = Installation.Programs,
        ["migration/guest"] = Installation.Guest,
        ["busybox"] = "/bin",
    };

    /// <summary>Something that is disposed with the cluster, in its turn.</summary>
    private sealed class Owned<T>(T value) : IAsyncDisposable where T : IDisposable
    {
        public T Value => value;

        public ValueTask DisposeAsync()
        {
            value.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
