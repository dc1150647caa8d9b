using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Instances;

/// <summary>Everything that decides what happens next with an instance.</summary>
public sealed record InstanceObservation
{
    public required VirtualMachineInstance Instance { get; init; }

    /// <summary>Every launcher pod of it, migration targets too.</summary>
    public IReadOnlyList<Pod> Pods { get; init; } = [];

    /// <summary>By pod UID; a pod that is missing here has no node, or one that cannot be asked.</summary>
    public IReadOnlyDictionary<string, MachineView> Machines { get; init; } = new Dictionary<string, MachineView>();

    /// <summary>Migrations of it that carry our finalizer: in flight, or not cleaned up yet.</summary>
    public IReadOnlyList<VirtualMachineInstanceMigration> Migrations { get; init; } = [];

    /// <summary>What became of the networks that it asks for.</summary>
    public ResolvedNetworks Networks { get; init; } = ResolvedNetworks.None;

    /// <summary>The claims that its volumes name.</summary>
    public InstanceClaims Claims { get; init; } = InstanceClaims.None;

    /// <summary>Nodes of its pods that are not ready, or gone from the cluster.</summary>
    public IReadOnlySet<string> LostNodes { get; init; } = new HashSet<string>();

    /// <summary>Nodes of its pods of which somebody vouches that nothing runs there.</summary>
    public IReadOnlySet<string> OutOfServiceNodes { get; init; } = new HashSet<string>();

    public required DateTimeOffset Now { get; init; }

    public VirtualMachineInstanceStatus Status => Instance.Status ?? new VirtualMachineInstanceStatus();

    /// <summary>The name of the pod that the guest runs in, or is to start in.</summary>
    public string CurrentPodName => CurrentPodOf(Instance);

    /// <summary>The pod that the guest is on its way to, if it is.</summary>
    public string? ArrivalPodName => Instance.Status?.MigrationState is { Completed: not true, TargetPod: var target } ? target : null;

    public Pod? CurrentPod => Pods.FirstOrDefault(pod => pod.Metadata.Name == CurrentPodName);

    public MachineView CurrentMachine => CurrentPod is { } pod ? MachineOf(pod) : MachineView.Unknown;

    /// <summary>Between nodes: a guest that is gone from where it was may have arrived elsewhere, so nothing is judged.</summary>
    public bool IsMoving => Migrations.Any(migration => migration.IsFinal
        ? migration.Status?.MigrationState?.StartTimestamp is not null
        : migration.Status?.Phase is MigrationJobPhase.TargetReady or MigrationJobPhase.Running);

    /// <summary>From when a target is made ready until both sides have settled: the guest's devices stay as they are.</summary>
    public bool IsMigrating => IsMoving || Migrations.Any(migration => !migration.IsFinal && migration.Status?.Phase is not (null or "" or MigrationJobPhase.Pending));

    /// <summary>Whether a migration is still to be given up before the instance can go.</summary>
    public bool IsMigrationToEnd => Migrations.Any(migration => !migration.IsFinal && migration.Status?.Conditions.IsTrue(MigrationJobCondition.Undecided) != true);

    public MachineView MachineOf(Pod pod) => Machines.GetValueOrDefault(pod.Uid);

    /// <summary>Where the latest migration left the guest; without one, the pod made for the instance itself.</summary>
    public static string CurrentPodOf(VirtualMachineInstance instance) => instance.Status?.MigrationState switch
    {
        { Completed: true, Failed: not true, TargetPod: { } target } => target,
        { SourcePod: { } source } => source,
        _ => LauncherPods.Name(instance, instance.Metadata.Uid ?? ""),
    };
}
