using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Migrations;
using Migration.Controllers.Networks;
using Migration.Kubernetes;
using Migration.Local.ApiServer;
using Migration.Protos;
using Migration.Testing;

namespace Migration.Controllers.Tests.Lab;

/// <summary>
/// The controllers of a test with everything around them: a real API server that has loaded deploy/crds, two nodes
/// behind gRPC, and somebody who runs pods. Each lab has loopback addresses of its own, so that labs run side by side.
/// </summary>
internal sealed class ControllerLab : IAsyncDisposable
{
    public const string Namespace = "default";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static int _labs;

    private readonly string _folder;
    private readonly int _number;
    private readonly CertificateAuthority _authority;
    private readonly EmbeddedApiServer _server;
    private readonly KubernetesConfig _access;
    private readonly PodRunner _runner;
    private readonly ConcurrentQueue<string> _log = [];
    private readonly ILoggerFactory _logs;
    private (Task Running, CancellationTokenSource Stop)? _controllers;

    private ControllerLab(int number, string folder, CertificateAuthority authority, EmbeddedApiServer server, KubernetesConfig access, KubernetesClient client, Guests guests, IReadOnlyDictionary<string, ScriptedNode> nodes)
    {
        _number = number;
        (_folder, _authority, _server, _access, Client, Guests, Nodes) = (folder, authority, server, access, client, guests, nodes);
        _runner = new PodRunner(client, [.. nodes.Keys.Order()]);
        _logs = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(new QueueLog(_log)));
        VirtualMachines = client.For(KubeVirt.VirtualMachines);
        Instances = client.For(KubeVirt.Instances);
        Migrations = client.For(KubeVirt.Migrations);
        Pods = client.For(Kinds.Pods);
    }

    public KubernetesClient Client { get; }

    public ResourceClient<VirtualMachine> VirtualMachines { get; }

    public ResourceClient<VirtualMachineInstance> Instances { get; }

    public ResourceClient<VirtualMachineInstanceMigration> Migrations { get; }

    public ResourceClient<Pod> Pods { get; }

    public Guests Guests { get; }

    public IReadOnlyDictionary<string, ScriptedNode> Nodes { get; }

    public ScriptedNode A => Nodes["a"];

    public ScriptedNode B => Nodes["b"];

    public PodRunner Runner => _runner;

    public MigrationLimits Limits { get; set; } = new();

    public AttachmentPolicy Networks { get; set; } = new();

    /// <summary>Where the controllers serve webhooks; null, as at first, nowhere.</summary>
    public WebhookOptions? Webhooks { get; set; }

    /// <summary>An address of this lab alone.</summary>
    public IPAddress Address(byte host) => new([127, (byte)(20 + (Environment.ProcessId % 200)), (byte)_number, host]);

    /// <summary>Where the controllers show themselves.</summary>
    public required IPEndPoint Http { get; init; }

    /// <summary>The controllers' own.</summary>
    public string Certificates => _folder;

    /// <param name="withVirtualMachines">Serve VirtualMachines as deploy/crds defines them; else without a schema, which is read in no time.</param>
    public static async Task<ControllerLab> StartAsync(bool withVirtualMachines = false)
    {
        var number = Interlocked.Increment(ref _labs);
        var folder = Directory.CreateTempSubdirectory("controllers-test-").FullName;
        var authority = CertificateAuthority.Create("lab", TimeProvider.System);
        authority.Issue("migration:controllers").WriteTo(folder);
        var guests = new Guests();
        var nodes = new Dictionary<string, ScriptedNode>();
        foreach (var (name, host) in new[] { ("a", 1), ("b", 2) })
        {
            nodes[name] = new ScriptedNode(name, new IPEndPoint(AddressOf(number, host), 7411), authority.Issue("migration:node:" + name), guests, peer => nodes[peer]);
        }
        var server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { Authority = authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], ManifestDirectory = Definitions(folder, withVirtualMachines), ManifestFiles = [Path.Combine(Deployed("controllers"), "rbac.yaml")] }, CancellationToken.None);
        var kubeconfig = Path.Combine(folder, "kubeconfig");
        server.WriteKubeconfig(kubeconfig);
        // The controllers have the rights of deploy/ and no others.
        var controllers = Path.Combine(folder, "controllers.kubeconfig");
        server.WriteKubeconfig(controllers, "system:serviceaccount:migration-system:migration-controllers", null);
        var admin = new KubernetesClient(KubernetesConfig.FromKubeconfig(kubeconfig));
        var lab = new ControllerLab(number, folder, authority, server, KubernetesConfig.FromKubeconfig(controllers), admin, guests, nodes) { Http = new IPEndPoint(AddressOf(number, 9), 9090) };
        await lab.PopulateAsync(number);
        return lab;
    }

    private static IPAddress AddressOf(int lab, int host) => new([127, (byte)(20 + (Environment.ProcessId % 200)), (byte)lab, (byte)host]);

    /// <summary>The real kubectl; returns what it printed.</summary>
    public Task<string> KubectlAsync(params string[] arguments)
    {
        var program = Environment.GetEnvironmentVariable("MIGRATION_KUBECTL") is { Length: > 0 } given ? given : "kubectl";
        return Shell.RunAsync(program, ["--kubeconfig", Path.Combine(_folder, "kubeconfig"), "--cache-dir", Path.Combine(_folder, "cache"), "--namespace", Namespace, .. arguments]);
    }

    /// <summary>Returns what kubectl printed.</summary>
    public async Task<string> ApplyAsync(string manifests)
    {
        var file = Path.Combine(_folder, "applied.yaml");
        await File.WriteAllTextAsync(file, manifests);
        return await KubectlAsync("apply", "-f", file);
    }

    public void StartControllers()
    {
        var options = new ControllerOptions { Certificates = _folder, Identity = "lab", HttpListen = Http, Limits = Limits, Networks = Networks, Webhooks = Webhooks };
        var stop = new CancellationTokenSource();
        _controllers = (new ControllerProcess(options, _access, _logs, TimeProvider.System).RunAsync(stop.Token), stop);
    }

    public async Task StopControllersAsync()
    {
        if (_controllers is not var (running, stop))
            return;
        _controllers = null;
        await stop.CancelAsync();
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    public async Task RestartControllersAsync()
    {
        await StopControllersAsync();
        StartControllers();
    }

    public Task CreateDaemonSetAsync(string name) => ApplyAsync($$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: {{name}}
        spec:
          selector:
            matchLabels: &labels
              app: {{name}}
          template:
            metadata:
              labels: *labels
            spec:
              containers: [{name: one, image: one}]
        """);

    public Task<VirtualMachineInstance> CreateInstanceAsync(string name, string? spec = null, IReadOnlyDictionary<string, string>? annotations = null)
    {
        spec ??= """{"domain":{"devices":{},"memory":{"guest":"512Mi"},"firmware":{"kernelBoot":{"container":{"image":"guest","kernelPath":"/boot/vmlinuz"}}}}}""";
        var json = $$"""{"apiVersion":"kubevirt.io/v1","kind":"VirtualMachineInstance","metadata":{"name":"{{name}}","namespace":"{{Namespace}}"},"spec":{{spec}}}""";
        var instance = JsonSerializer.Deserialize(json, ApiJson.Default.VirtualMachineInstance)!;
        return Instances.CreateAsync(instance with { Metadata = instance.Metadata with { Annotations = annotations } }, CancellationToken.None);
    }

    /// <summary>A network to attach to; without a configuration it is a bridge.</summary>
    public Task<NetworkAttachmentDefinition> CreateNetworkAsync(string name, string inNamespace = Namespace, string? config = null) => Client.For(KubeVirt.Networks).CreateAsync(
        new NetworkAttachmentDefinition
        {
            Metadata = new ObjectMeta { Name = name, Namespace = inNamespace },
            Spec = new NetworkAttachmentDefinitionSpec { Config = config ?? Bridge(name) },
        },
        CancellationToken.None);

    /// <summary>What <see cref="CreateNetworkAsync"/> configures.</summary>
    public static string Bridge(string name) => $$"""{"cniVersion":"1.0.0","name":"{{name}}","type":"bridge","bridge":"{{name}}"}""";

    /// <summary>Edits the instance as kubectl edit does: as read, again when somebody was faster.</summary>
    public async Task EditAsync(string name, Func<VirtualMachineInstance, VirtualMachineInstance> edit)
    {
        while (true)
        {
            var instance = await Instances.GetAsync(new ObjectKey(Namespace, name), CancellationToken.None);
            try
            {
                await Instances.UpdateAsync(edit(instance), CancellationToken.None);
                return;
            }
            catch (KubernetesException e) when (e.IsConflict)
            {
            }
        }
    }

    /// <summary>The pod that the guest runs in.</summary>
    public async Task<Pod> PodOfAsync(string name)
    {
        var instance = await Instances.GetAsync(new ObjectKey(Namespace, name), CancellationToken.None);
        return await Pods.GetAsync(new ObjectKey(Namespace, Controllers.Instances.InstanceObservation.CurrentPodOf(instance)), CancellationToken.None);
    }

    public async Task<Pod> PodOfAsync(string name, Func<Pod, bool> wanted, string what)
    {
        var pod = await PodOfAsync(name);
        return (await UntilAsync(Pods, pod.Metadata.Name!, seen => seen is not null && wanted(seen), what))!;
    }

    public Task<VirtualMachineInstanceMigration> CreateMigrationAsync(string name, string instance, IReadOnlyDictionary<string, string>? annotations = null) => Migrations.CreateAsync(
        new VirtualMachineInstanceMigration
        {
            Metadata = new ObjectMeta { Name = name, Namespace = Namespace, Annotations = annotations },
            Spec = new VirtualMachineInstanceMigrationSpec { VmiName = instance },
        },
        CancellationToken.None);

    /// <summary>A running guest, on the first node.</summary>
    public async Task<VirtualMachineInstance> RunInstanceAsync(string name)
    {
        await CreateInstanceAsync(name);
        return await InstanceAsync(name, InstancePhase.Running);
    }

    public Task<VirtualMachineInstance> InstanceAsync(string name, string phase) => InstanceAsync(name, instance => instance.Status?.Phase == phase, "phase " + phase);

    public Task<VirtualMachineInstance> InstanceAsync(string name, Func<VirtualMachineInstance, bool> wanted, string what) => UntilAsync(Instances, name, instance => instance is not null && wanted(instance), what)!;

    public Task<VirtualMachine> VirtualMachineAsync(string name, Func<VirtualMachine, bool> wanted, string what) => UntilAsync(VirtualMachines, name, machine => machine is not null && wanted(machine), what)!;

    public Task<VirtualMachineInstanceMigration> MigrationAsync(string name, string phase) => MigrationAsync(name, job => job.Status?.Phase == phase, "phase " + phase);

    public Task<VirtualMachineInstanceMigration> MigrationAsync(string name, Func<VirtualMachineInstanceMigration, bool> wanted, string what) => UntilAsync(Migrations, name, job => job is not null && wanted(job), what)!;

    /// <summary>Ended and cleaned up: its finalizer is gone.</summary>
    public Task<VirtualMachineInstanceMigration> SettledAsync(string name, string phase) =>
        MigrationAsync(name, job => job.IsFinal && job.Metadata.Finalizers is not { Count: > 0 } && job.Status?.Phase == phase, $"settled in phase {phase}");

    public Task DeleteAsync<T>(ResourceClient<T> resource, string name)
        where T : KubernetesObject => resource.DeleteAsync(new ObjectKey(Namespace, name), CancellationToken.None);

    /// <summary>What was told of an object, as "Reason: message".</summary>
    public async Task<IReadOnlyList<string>> EventsAsync(string about) =>
        [.. (await Client.For(Kinds.Events).ListAsync(ListOptions.All, CancellationToken.None)).Where(e => e.InvolvedObject?.Name == about).Select(e => $"{e.Type} {e.Reason}: {e.Message}")];

    public Task GoneAsync<T>(ResourceClient<T> resource, string name)
        where T : KubernetesObject => UntilAsync(resource, name, item => item is null, "gone");

    public Task UntilAsync(Func<bool> wanted, string what) => UntilAsync(() => Task.FromResult(wanted()), what);

    public async Task UntilAsync(Func<Task<bool>> wanted, string what)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!await wanted())
            await PauseAsync(what, limit.Token);
    }

    /// <summary>One guest, running here; nothing of it anywhere else, and no migration left on a node.</summary>
    public async Task AssertOnlyOnAsync(VirtualMachineInstance instance, ScriptedNode node)
    {
        await UntilAsync(() => Nodes.Values.Where(other => other != node).All(other => other.Machines.Count == 0), "no machine elsewhere");
        await UntilAsync(() => Nodes.Values.All(other => other.Migrations.Count == 0), "no migration left on a node");
        var machine = Assert.Single(node.Machines);
        Assert.Equal(MachinePhase.Running, machine.Phase);
        Assert.Equal(machine.Id, Guests.WhereRuns(instance.Metadata.Uid!));
        Assert.Equal(1, Guests.Boots(instance.Metadata.Uid!));
        Assert.Empty(Guests.Violations);
        await UntilAsync(Instances, instance.Metadata.Name!, vmi => vmi?.Status?.ActivePods?.SequenceEqual([KeyValuePair.Create(machine.Id, node.Name)]) == true, "one active pod");
        await LeftAsync(machine.Id);
    }

    /// <summary>These pods are left and no others: a deleted pod goes when its kubelet lets it, which is after whoever deleted it has ended.</summary>
    public async Task LeftAsync(params string[] pods)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!(await Pods.ListAsync(ListOptions.All, CancellationToken.None)).Select(pod => pod.Metadata.Uid).SequenceEqual(pods))
            await PauseAsync($"pods [{string.Join(' ', pods)}] alone", limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await StopControllersAsync();
        await _runner.DisposeAsync();
        foreach (var node in Nodes.Values)
            await node.DisposeAsync();
        Client.Dispose();
        await _server.DisposeAsync();
        _authority.Dispose();
        _logs.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<T?> UntilAsync<T>(ResourceClient<T> resource, string name, Func<T?, bool> wanted, string what)
        where T : KubernetesObject
    {
        using var limit = new CancellationTokenSource(Patience);
        T? seen = null;
        while (true)
        {
            seen = await resource.FindAsync(new ObjectKey(Namespace, name), CancellationToken.None);
            if (wanted(seen))
                return seen;
            await PauseAsync($"{resource.Kind} {name}: {what}; it is {(seen is null ? "gone" : resource.Kind.ToNode(seen).ToJsonString())}", limit.Token);
        }
    }

    private async Task PauseAsync(string what, CancellationToken limit)
    {
        if (_controllers is { Running.IsFaulted: true } ended)
            await ended.Running;
        if (limit.IsCancellationRequested)
            Assert.Fail($"waited for {what}\n{string.Join('\n', _log.TakeLast(150))}");
        await Task.Delay(10, CancellationToken.None);
    }

    private async Task PopulateAsync(int number)
    {
        foreach (var (node, host) in new[] { (A, 1), (B, 2) })
        {
            await node.StartAsync();
            var address = string.Create(CultureInfo.InvariantCulture, $"127.{20 + (Environment.ProcessId % 200)}.{number}.{host}");
            var created = await Client.For(Kinds.Nodes).CreateAsync(new Kubernetes.Node { Metadata = new ObjectMeta { Name = node.Name } }, CancellationToken.None);
            await Client.For(Kinds.Nodes).UpdateStatusAsync(
                created with { Status = new NodeStatus { Addresses = [new NodeAddress { Type = "InternalIP", Address = address }] } }, CancellationToken.None);
        }
    }

    // Those that the controllers watch: reading the others takes longer than most tests.
    private static string Definitions(string folder, bool withVirtualMachines)
    {
        var wanted = Directory.CreateDirectory(Path.Combine(folder, "crds")).FullName;
        foreach (var plural in new[] { KubeVirt.Instances.Plural, KubeVirt.Migrations.Plural, KubeVirt.Networks.Plural, KubeVirt.Policies.Plural })
            File.Copy(Path.Combine(Deployed("crds"), plural + ".yaml"), Path.Combine(wanted, plural + ".yaml"));
        if (withVirtualMachines)
            File.Copy(Path.Combine(Deployed("crds"), "virtualmachines.yaml"), Path.Combine(wanted, "virtualmachines.yaml"));
        else
            File.WriteAllText(Path.Combine(wanted, "virtualmachines.yaml"), VirtualMachinesWithoutSchema);
        return wanted;
    }

    private const string VirtualMachinesWithoutSchema = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata:
          name: virtualmachines.kubevirt.io
        spec:
          group: kubevirt.io
          scope: Namespaced
          names: {kind: VirtualMachine, listKind: VirtualMachineList, plural: virtualmachines, singular: virtualmachine, shortNames: [vm]}
          versions:
          - {name: v1, served: true, storage: true, subresources: {status: {}}, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
        """;

    /// <summary>A folder of deploy/.</summary>
    public static string Deployed(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "deploy", name)))
                return Path.Combine(folder.FullName, "deploy", name);
        }
        throw new InvalidOperationException($"no deploy/{name} above {AppContext.BaseDirectory}");
    }
}
