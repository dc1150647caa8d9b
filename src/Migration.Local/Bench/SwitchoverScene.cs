using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Demo;

namespace Migration.Local.Bench;

/// <summary>Three nodes, a guest on the first with a NIC on the pod network and one on the LAN, a pod beside it and a pod on the third node.</summary>
internal sealed class SwitchoverScene : IAsyncDisposable
{
    private const string Name = "switchover", Namespace = "default";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(180);
    private readonly TimeProvider _time;
    private int _migrations;

    private SwitchoverScene(EmbeddedCluster cluster, TimeProvider time) => (Cluster, _time) = (cluster, time);

    public EmbeddedCluster Cluster { get; }

    /// <summary>The first is the one that the guest was started on.</summary>
    public IReadOnlyList<string> Nodes { get; private set; } = [];

    /// <summary>Of the pod network, then of the LAN; IPv4 and IPv6 of each.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; private set; } = [];

    /// <summary>A pod on the third node.</summary>
    public NetworkNamespace FarPod { get; private set; } = null!;

    /// <summary>A pod on the guest's first node.</summary>
    public NetworkNamespace NearPod { get; private set; } = null!;

    /// <summary>The guest's first node itself.</summary>
    public NetworkNamespace Node { get; private set; } = null!;

    /// <summary>A neighbour on the LAN.</summary>
    public NetworkNamespace Lan { get; private set; } = null!;

    public static async Task<SwitchoverScene> StartAsync(TimeProvider time, CancellationToken ct)
    {
        var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions(Name) { Nodes = 3 }, NullLoggerFactory.Instance, time, ct);
        var scene = new SwitchoverScene(cluster, time);
        try
        {
            await scene.StartGuestAsync(ct);
            scene.FarPod = await scene.StartPodAsync("far", scene.Nodes[2], ct);
            scene.NearPod = await scene.StartPodAsync("near", scene.Nodes[0], ct);
            scene.Node = NetworkNamespace.Open(cluster.Paths.Node(scene.Nodes[0]).Namespace);
            scene.Lan = NetworkNamespace.Open(cluster.Paths.FabricNamespace);
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Moves the guest, by Kubernetes objects.</summary>
    public async Task MigrateAsync(string node, CancellationToken ct)
    {
        var key = new ObjectKey(Namespace, string.Create(CultureInfo.InvariantCulture, $"move-{++_migrations}"));
        var migrations = Cluster.Client.For(KubeVirt.Migrations);
        await migrations.CreateAsync(new VirtualMachineInstanceMigration
        {
            ApiVersion = "kubevirt.io/v1",
            Kind = "VirtualMachineInstanceMigration",
            Metadata = new ObjectMeta { Namespace = key.Namespace, Name = key.Name },
            Spec = new VirtualMachineInstanceMigrationSpec
            {
                VmiName = DemoManifests.GuestName,
                AddedNodeSelector = new Dictionary<string, string> { ["kubernetes.io/hostname"] = node },
            },
        }, ct);
        var ended = await Eventually.Async($"the migration to {node} ends", Patience, _time, async limit =>
            await migrations.GetAsync(key, limit) is { Status.Phase: MigrationJobPhase.Succeeded or MigrationJobPhase.Failed } migration ? migration : null, ct);
        if (ended.Status!.Phase != MigrationJobPhase.Succeeded)
            throw new InvalidOperationException($"migration {key.Name} to {node} failed: {ended.Status.MigrationState?.FailureReason}");
    }

    /// <summary>Resident memory of what runs in the pods that keep the guest's address, in MiB.</summary>
    public async Task<IReadOnlyList<double>> AnchorMemoryAsync(CancellationToken ct)
    {
        var pods = await Eventually.Async("the source pod is an anchor", Patience, _time, async limit =>
            await Cluster.Client.For(Kinds.Pods).ListAsync(new ListOptions { Namespace = Namespace, LabelSelector = Labels.Anchor }, limit) is { Count: > 0 } anchors ? anchors : null, ct);
        return [.. pods.Where(pod => pod.Metadata.DeletionTimestamp is null)
            .Select(pod => Cluster.PodNetworkNamespace(pod.Metadata.Uid!)).OfType<string>().Select(ResidentIn).Where(memory => memory > 0)];
    }

    public async ValueTask DisposeAsync()
    {
        FarPod?.Dispose();
        NearPod?.Dispose();
        Node?.Dispose();
        Lan?.Dispose();
        await Cluster.DisposeAsync();
    }

    private async Task StartGuestAsync(CancellationToken ct)
    {
        var kubectl = new Kubectl(Cluster.Paths.Kubeconfig);
        await kubectl.SendAsync("apply", DemoManifests.Lan(Cluster.Paths.LanAddresses), ct);
        await kubectl.SendAsync("apply", DemoManifests.Guest(DemoManifests.LanName), ct);
        var guest = await Eventually.Async("the guest runs and has its addresses", Patience, _time, async limit =>
        {
            var guest = await Cluster.Client.For(KubeVirt.Instances).GetAsync(new ObjectKey(Namespace, DemoManifests.GuestName), limit);
            return guest.Status is { Phase: "Running", Interfaces: [{ IpAddresses.Count: 2 }, { IpAddresses.Count: 2 }] } ? guest : null;
        }, ct);
        var home = guest.Status!.NodeName!;
        Nodes = [home, .. Enumerable.Range(1, 3).Select(number => new FabricNode(number).Name).Where(name => name != home)];
        Addresses = [.. guest.Status.Interfaces!.SelectMany(nic => nic.IpAddresses!).Select(IPAddress.Parse)];
    }

    private async Task<NetworkNamespace> StartPodAsync(string name, string node, CancellationToken ct)
    {
        await new Kubectl(Cluster.Paths.Kubeconfig).SendAsync("apply", $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}}
            spec:
              nodeName: {{node}}
              restartPolicy: Never
              terminationGracePeriodSeconds: 0
              containers:
              - {name: pause, image: busybox, command: [sleep, infinity]}
            """, ct);
        var pod = await Eventually.Async($"pod {name} runs", Patience, _time, async limit =>
            await Cluster.Client.For(Kinds.Pods).GetAsync(new ObjectKey(Namespace, name), limit) is { Status.Phase: "Running" } pod ? pod : null, ct);
        return NetworkNamespace.Open(Cluster.PodNetworkNamespace(pod.Metadata.Uid!)!);
    }

    private static double ResidentIn(string networkNamespace)
    {
        using var space = NetworkNamespace.Open(networkNamespace);
        var identity = new FileInfo($"/proc/self/fd/{space.Descriptor.Number}").LinkTarget;
        return Process.GetProcesses().Sum(process =>
        {
            using (process)
                return new FileInfo($"/proc/{process.Id}/ns/net").LinkTarget == identity ? process.WorkingSet64 / (1024.0 * 1024) : 0;
        });
    }
}
