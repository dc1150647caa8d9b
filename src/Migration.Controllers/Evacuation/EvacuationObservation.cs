using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.Evacuation;

/// <summary>Everything that decides whether a guest is to be moved off its node.</summary>
public sealed record EvacuationObservation
{
    public required VirtualMachineInstance Instance { get; init; }

    /// <summary>The node that runs the guest.</summary>
    public Node? Node { get; init; }

    /// <summary>The pod that the guest runs in.</summary>
    public Pod? Pod { get; init; }

    /// <summary>All of this instance.</summary>
    public IReadOnlyList<VirtualMachineInstanceMigration> Migrations { get; init; } = [];

    /// <summary>Nodes with this taint (effect NoSchedule) are to be emptied.</summary>
    public required string DrainTaint { get; init; }

    /// <summary>The eviction strategy of instances that name none.</summary>
    public required string ClusterStrategy { get; init; }

    public required DateTimeOffset Now { get; init; }

    public VirtualMachineInstanceStatus Status => Instance.Status ?? new VirtualMachineInstanceStatus();

    public string Strategy => string.IsNullOrEmpty(Instance.Spec.EvictionStrategy) ? ClusterStrategy : Instance.Spec.EvictionStrategy;

    public bool IsMarked => Status.EvacuationNodeName is { Length: > 0 } node && node == Status.NodeName;

    public bool IsDrained => Node?.Spec?.Taints?.Any(taint => taint.Key == DrainTaint && taint.Effect == "NoSchedule") == true
        && Strategy is EvictionStrategy.LiveMigrate or EvictionStrategy.LiveMigrateIfPossible;

    public bool IsMigratable => Status.Conditions.IsTrue(InstanceCondition.LiveMigratable);
}
