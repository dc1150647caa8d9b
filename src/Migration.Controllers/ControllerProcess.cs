using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Admission;
using Migration.Controllers.Evacuation;
using Migration.Controllers.Instances;
using Migration.Controllers.Migrations;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Controllers.Showing;
using Migration.Controllers.VirtualMachines;
using Migration.Kubernetes;
using Migration.Telemetry;

namespace Migration.Controllers;

/// <summary>
/// All controllers, put together: what is watched, which changes wake which reconciler, and the lease that lets one
/// replica of several work. Informers stay warm in those that wait.
/// </summary>
public sealed class ControllerProcess(ControllerOptions options, KubernetesConfig server, ILoggerFactory logs, TimeProvider time)
{
    private const string Component = "migration-controllers";
    private const int Workers = 4;

    private readonly CopyCurves _curves = new(time);
    private volatile bool _leads;

    /// <summary>Runs until told to stop, or until the lease is lost (<see cref="LeadershipLostException"/>).</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        // Before the first meter, so that nothing is missed.
        using var exposition = new Exposition("Migration.");
        using var traces = Traces.Start(Component, options.Identity);
        using var client = new KubernetesClient(server, time);
        using var queues = new Queues(DrainTaint, time);
        await using var cluster = new ClusterView(client, logs);
        queues.WakeOn(cluster);
        cluster.Start();
        using var figures = new ClusterMetrics(cluster);
        await using var shown = await ShowAsync(cluster, exposition, ct);
        var lease = new LeaderLease(client, new ObjectKey(options.Namespace, Component), options.Identity, logs.CreateLogger<LeaderLease>());
        await using var events = new EventRecorder(client, Component, options.Identity, logs.CreateLogger<EventRecorder>());
        var evictions = new EvictionReview(client, options.EvictionStrategy, events, logs.CreateLogger<EvictionReview>());
        await using var webhooks = options.Webhooks is { } served
            ? new Webhooks(client, served, options.Namespace, [.. AdmissionEndpoints.All(client, options.EvictionStrategy), evictions.Endpoint], logs, time)
            : null;
        await BothAsync(
            run => lease.LeadAsync(leading => LeadAsync(client, cluster, queues, webhooks, leading), run),
            run => webhooks?.RunAsync(run) ?? Task.Delay(Timeout.InfiniteTimeSpan, time, run),
            ct);
    }

    // The first that ends ends the other; its failure is the one that counts.
    private static async Task BothAsync(Func<CancellationToken, Task> one, Func<CancellationToken, Task> other, CancellationToken ct)
    {
        using var running = CancellationTokenSource.CreateLinkedTokenSource(ct);
        Task[] both = [one(running.Token), other(running.Token)];
        var first = await Task.WhenAny(both);
        await running.CancelAsync();
        await Task.WhenAll(both).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private Task LeadAsync(KubernetesClient client, ClusterView cluster, Queues queues, Webhooks? webhooks, CancellationToken ct) => webhooks is null
        ? WorkAsync(client, cluster, queues, ct)
        : BothAsync(leading => WorkAsync(client, cluster, queues, leading), webhooks.LeadAsync, ct);

    private async Task WorkAsync(KubernetesClient client, ClusterView cluster, Queues queues, CancellationToken ct)
    {
        await using var events = new EventRecorder(client, Component, options.Identity, logs.CreateLogger<EventRecorder>());
        await using var nodes = new NodeDirectory(new NodeCertificates(options.Certificates), options.NodePort, time, logs.CreateLogger<NodeDirectory>());
        await using var feeds = new OutgoingFeeds(nodes, logs.CreateLogger<OutgoingFeeds>());
        queues.WakeOn(cluster, nodes, feeds);
        feeds.Told += _curves.Add;
        _leads = true;

        var pods = new LauncherPods(options.LauncherImage);
        var networks = new NetworkDefinitions(client, cluster, options.Networks, logs.CreateLogger<NetworkDefinitions>());
        var machines = new VirtualMachineReconciler(client, cluster, events, time, logs.CreateLogger<VirtualMachineReconciler>());
        var instances = new InstanceReconciler(client, cluster, nodes, networks, new InstancePlan(pods), events, time, logs.CreateLogger<InstanceReconciler>());
        var migrations = new MigrationReconciler(
            client, cluster, nodes, feeds, networks, new MigrationPlan(pods), options.Limits, events, time, logs.CreateLogger<MigrationReconciler>());
        var evacuations = new EvacuationReconciler(client, cluster, DrainTaint, options.EvictionStrategy, events, time, logs.CreateLogger<EvacuationReconciler>());
        await Task.WhenAll(
            Controller(queues.Nodes, new NodeReconciler(client, cluster, nodes, time, logs.CreateLogger<NodeReconciler>()), workers: 1).RunAsync(cluster.Synced, ct),
            Controller(queues.VirtualMachines, machines, Workers).RunAsync(cluster.Synced, ct),
            Controller(queues.Instances, instances, Workers).RunAsync(cluster.Synced, ct),
            Controller(queues.Migrations, migrations, Workers).RunAsync(cluster.Synced, ct),
            Controller(queues.Evacuations, evacuations, Workers).RunAsync(cluster.Synced, ct));
    }

    /// <summary>The live page and the metrics: of every replica, whether it leads or not.</summary>
    private async Task<MetricsServer?> ShowAsync(ClusterView cluster, Exposition exposition, CancellationToken ct)
    {
        if (options.HttpListen is not { } address)
            return null;
        var page = new LivePage(() => Picture.Of(cluster, _curves, options.Identity, _leads), time);
        _curves.Changed += page.Nudge;
        return await MetricsServer.StartAsync(address, exposition, ct, page.Map);
    }

    private string DrainTaint => options.Limits.Copy.NodeDrainTaintKey ?? "";

    private Controller Controller(WorkQueue queue, IReconciler reconciler, int workers) => new(queue, reconciler, logs.CreateLogger<Controller>(), time) { Workers = workers };

    /// <summary>Keys that want attention, and what makes them want it.</summary>
    private sealed class Queues(string drainTaint, TimeProvider time) : IDisposable
    {
        public WorkQueue Nodes { get; } = new("nodes", time);

        public WorkQueue VirtualMachines { get; } = new("virtualmachines", time);

        public WorkQueue Instances { get; } = new("instances", time);

        public WorkQueue Migrations { get; } = new("migrations", time);

        public WorkQueue Evacuations { get; } = new("evacuations", time);

        public void WakeOn(ClusterView cluster)
        {
            cluster.Nodes.Feed(Nodes)
                .Feed(Instances, node => node.IsLost || node.IsOutOfService ? cluster.PodsOn(node.Metadata.Name!).SelectMany(InstanceOf).Distinct() : [])
                .Feed(Evacuations, node => node.Spec?.Taints?.Any(taint => taint.Key == drainTaint) == true ? cluster.InstancesOn(node.Metadata.Name!) : []);
            cluster.VirtualMachines.Feed(VirtualMachines);
            // An instance has its virtual machine's name.
            cluster.Instances.Feed(VirtualMachines).Feed(Instances).Feed(Evacuations).Feed(Migrations, instance => MigrationsOf(cluster, instance.Key));
            cluster.Claims.Feed(Instances, claim => cluster.InstancesWithClaim(claim.Key));
            cluster.Networks
                .Feed(Instances, network => cluster.InstancesWith(network.Key))
                .Feed(Migrations, network => cluster.InstancesWith(network.Key).SelectMany(instance => MigrationsOf(cluster, instance)));
            cluster.Pods.Feed(Instances, InstanceOf).Feed(Migrations, pod => InstanceOf(pod).SelectMany(instance => MigrationsOf(cluster, instance)));
            // One that ends lets those that wait for their turn go.
            cluster.Migrations
                .Feed(Instances, migration => [migration.InstanceKey])
                .Feed(Evacuations, migration => [migration.InstanceKey])
                .Feed(Migrations, migration => migration.IsFinal ? [migration.Key, .. MigrationsOf(cluster, migration.InstanceKey), .. Waiting(cluster)] : [migration.Key]);
        }

        public void WakeOn(ClusterView cluster, NodeDirectory nodes, OutgoingFeeds feeds)
        {
            feeds.Changed += Migrations.Add;
            nodes.MachineChanged += instance => Wake(cluster, instance);
            nodes.NodeChanged += node =>
            {
                Nodes.Add(new ObjectKey("", node));
                foreach (var instance in cluster.PodsOn(node).SelectMany(InstanceOf).Concat(nodes.InstancesOn(node)).Distinct())
                    Wake(cluster, instance);
                foreach (var migration in cluster.MigrationsOn(node))
                    Migrations.Add(migration.Key);
            };
        }

        public void Dispose()
        {
            Nodes.Dispose();
            VirtualMachines.Dispose();
            Instances.Dispose();
            Migrations.Dispose();
            Evacuations.Dispose();
        }

        private void Wake(ClusterView cluster, ObjectKey instance)
        {
            Instances.Add(instance);
            foreach (var migration in MigrationsOf(cluster, instance))
                Migrations.Add(migration);
        }

        private static IEnumerable<ObjectKey> InstanceOf(Pod pod) => pod.Instance is { } instance ? [instance] : [];

        private static IEnumerable<ObjectKey> MigrationsOf(ClusterView cluster, ObjectKey instance) => cluster.MigrationsOf(instance).Select(migration => migration.Key);

        private static IEnumerable<ObjectKey> Waiting(ClusterView cluster) =>
            cluster.Migrations.Store.All().Where(migration => migration.Status?.Phase is null or MigrationJobPhase.Pending).Select(migration => migration.Key);
    }
}
