using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Kubernetes;

namespace Migration.Controllers;

/// <summary>The objects we look at, as the API server last told of them, and who belongs to whom.</summary>
public sealed class ClusterView : IAsyncDisposable
{
    private readonly StoreIndex<VirtualMachineInstance> _instancesByClaim;
    private readonly StoreIndex<VirtualMachineInstance> _instancesByNetwork;
    private readonly StoreIndex<VirtualMachineInstance> _instancesByNode;
    private readonly StoreIndex<Pod> _podsByInstance;
    private readonly StoreIndex<Pod> _podsByNode;
    private readonly StoreIndex<VirtualMachineInstanceMigration> _migrationsByInstance;

    public ClusterView(KubernetesClient client, ILoggerFactory logs)
    {
        VirtualMachines = new Informer<VirtualMachine>(client, KubeVirt.VirtualMachines, null, logs.CreateLogger<Informer<VirtualMachine>>());
        Instances = new Informer<VirtualMachineInstance>(client, KubeVirt.Instances, null, logs.CreateLogger<Informer<VirtualMachineInstance>>());
        Migrations = new Informer<VirtualMachineInstanceMigration>(client, KubeVirt.Migrations, null, logs.CreateLogger<Informer<VirtualMachineInstanceMigration>>());
        Pods = new Informer<Pod>(client, Kinds.Pods, new ListOptions { LabelSelector = $"{Labels.App}={Labels.Launcher}" }, logs.CreateLogger<Informer<Pod>>());
        Nodes = new Informer<Node>(client, Kinds.Nodes, null, logs.CreateLogger<Informer<Node>>());
        Networks = new Informer<NetworkAttachmentDefinition>(client, KubeVirt.Networks, null, logs.CreateLogger<Informer<NetworkAttachmentDefinition>>());
        Policies = new Informer<MigrationPolicy>(client, KubeVirt.Policies, null, logs.CreateLogger<Informer<MigrationPolicy>>());
        Namespaces = new Informer<Namespace>(client, Kinds.Namespaces, null, logs.CreateLogger<Informer<Namespace>>());
        _instancesByNode = Instances.Store.IndexBy(instance => instance.Status?.NodeName is { Length: > 0 } node ? [node] : []);
        Claims = new Informer<PersistentVolumeClaim>(client, Kinds.Claims, null, logs.CreateLogger<Informer<PersistentVolumeClaim>>());
        _instancesByClaim = Instances.Store.IndexBy(instance => InstanceClaims.NamesOf(instance.Spec).Select(name => new ObjectKey(instance.Metadata.Namespace ?? "", name).ToString()));
        _instancesByNetwork = Instances.Store.IndexBy(instance => InstanceNetworks.Definitions(instance).Select(network => network.ToString()));
        _podsByInstance = Pods.Store.IndexByLabel(Labels.CreatedBy);
        _podsByNode = Pods.Store.IndexBy(pod => pod.Spec?.NodeName is { Length: > 0 } node ? [node] : []);
        _migrationsByInstance = Migrations.Store.IndexBy(migration => [migration.InstanceKey.ToString()]);
    }

    public Informer<VirtualMachine> VirtualMachines { get; }

    public Informer<VirtualMachineInstance> Instances { get; }

    public Informer<VirtualMachineInstanceMigration> Migrations { get; }

    public Informer<Pod> Pods { get; }

    public Informer<Node> Nodes { get; }

    public Informer<PersistentVolumeClaim> Claims { get; }

    /// <summary>Not waited for: a cluster may do without the kind.</summary>
    public Informer<NetworkAttachmentDefinition> Networks { get; }

    public Informer<MigrationPolicy> Policies { get; }

    /// <summary>For their labels.</summary>
    public Informer<Namespace> Namespaces { get; }

    public IReadOnlyList<Task> Synced => [VirtualMachines.Synced, Instances.Synced, Migrations.Synced, Pods.Synced, Nodes.Synced, Policies.Synced, Namespaces.Synced, Claims.Synced];

    public IReadOnlyList<Pod> PodsOf(VirtualMachineInstance instance) =>
        [.. _podsByInstance[instance.Metadata.Uid ?? ""].Where(pod => pod.Metadata.Namespace == instance.Metadata.Namespace)];

    /// <summary>Instances with a volume of this claim.</summary>
    public IEnumerable<ObjectKey> InstancesWithClaim(ObjectKey claim) => _instancesByClaim[claim.ToString()].Select(instance => instance.Key);

    /// <summary>Instances that ask for this network.</summary>
    public IEnumerable<ObjectKey> InstancesWith(ObjectKey network) => _instancesByNetwork[network.ToString()].Select(instance => instance.Key);

    public Node? Node(string? name) => name is null ? null : Nodes.Store.Get(new ObjectKey("", name));

    /// <summary>Instances whose guests this node runs, as far as their status says.</summary>
    public IEnumerable<ObjectKey> InstancesOn(string node) => _instancesByNode[node].Select(instance => instance.Key);

    /// <summary>The policy that is for this instance, if one is.</summary>
    public MigrationPolicy? PolicyOf(VirtualMachineInstance instance) => MigrationPolicies.Match(
        Policies.Store.All(), instance.Metadata.Labels, Namespaces.Store.Get(new ObjectKey("", instance.Metadata.Namespace ?? ""))?.Metadata.Labels);

    public IReadOnlyList<Pod> PodsOn(string node) => _podsByNode[node];

    public IReadOnlyList<VirtualMachineInstanceMigration> MigrationsOf(ObjectKey instance) => _migrationsByInstance[instance.ToString()];

    /// <summary>Migrations from or to this node that are not cleaned up yet.</summary>
    public IEnumerable<VirtualMachineInstanceMigration> MigrationsOn(string node) => Migrations.Store.All().Where(migration =>
        migration.Metadata.HasFinalizer(FinalizerNames.Migration)
        && (migration.Status?.MigrationState?.SourceNode == node || migration.Status?.MigrationState?.TargetNode == node));

    public void Start()
    {
        VirtualMachines.Start();
        Instances.Start();
        Migrations.Start();
        Pods.Start();
        Nodes.Start();
        Claims.Start();
        Networks.Start();
        Policies.Start();
        Namespaces.Start();
    }

    public async ValueTask DisposeAsync()
    {
        await VirtualMachines.DisposeAsync();
        await Instances.DisposeAsync();
        await Migrations.DisposeAsync();
        await Pods.DisposeAsync();
        await Nodes.DisposeAsync();
        await Claims.DisposeAsync();
        await Networks.DisposeAsync();
        await Policies.DisposeAsync();
        await Namespaces.DisposeAsync();
    }
}
