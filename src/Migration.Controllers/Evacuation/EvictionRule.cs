using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Evacuation;

/// <summary>
/// What becomes of a launcher pod that somebody wants to evict, as a pure function. A guest that can move is marked for
/// it, and its pod stays until it has moved: whoever drains a node asks again by itself.
/// </summary>
public static class EvictionRule
{
    /// <param name="pod">The pod that is to go; any pod, not only ours.</param>
    /// <param name="instance">The instance whose launcher pod it is, if there is one.</param>
    /// <param name="clusterStrategy">The eviction strategy of instances that name none.</param>
    public static EvictionVerdict Judge(Pod pod, VirtualMachineInstance? instance, string clusterStrategy)
    {
        if (pod.Instance is null || !pod.IsActive || instance is null || pod.Metadata.Label(Labels.CreatedBy) != instance.Metadata.Uid)
            return EvictionVerdict.Allow;
        if (instance.IsDeleting || InstancePhase.IsFinal(instance.Status?.Phase))
            return EvictionVerdict.Allow;
        if (pod.Metadata.Label(Labels.Anchor) is not null)
            return Anchor(pod, instance);
        if (pod.Metadata.Name != InstanceObservation.CurrentPodOf(instance))
            return OtherPod(pod, instance);
        return Current(pod, instance, string.IsNullOrEmpty(instance.Spec.EvictionStrategy) ? clusterStrategy : instance.Spec.EvictionStrategy);
    }

    // The address has nowhere else to go, and a node must be able to become empty.
    private static EvictionVerdict Anchor(Pod pod, VirtualMachineInstance instance) => new(
        true,
        $"pod {pod.Metadata.Name} on node {pod.Spec?.NodeName} was evicted; it kept the address of VirtualMachineInstance {instance.Key} on the pod network, which the guest cannot be reached at any more");

    // A pod that the guest is on its way to stays; one that it has left, or never reached, is about to go.
    private static EvictionVerdict OtherPod(Pod pod, VirtualMachineInstance instance) =>
        instance.Status?.MigrationState is { Completed: true } || pod.Metadata.Label(Labels.MigrationJobUid) is null
            ? EvictionVerdict.Allow
            : new(false, $"Eviction of migration target pod {pod.Metadata.Name} is not allowed while VirtualMachineInstance {instance.Key} moves to it");

    private static EvictionVerdict Current(Pod pod, VirtualMachineInstance instance, string strategy)
    {
        var migratable = instance.Status?.Conditions.Find(InstanceCondition.LiveMigratable) is { Status: Condition.True };
        return strategy switch
        {
            EvictionStrategy.LiveMigrate when !migratable => new(
                false, $"VMI {instance.Metadata.Name} is configured with an eviction strategy but is not live-migratable{Why(instance)}"),
            EvictionStrategy.LiveMigrate or EvictionStrategy.External => Leaving(pod, instance),
            EvictionStrategy.LiveMigrateIfPossible when migratable => Leaving(pod, instance),
            _ => EvictionVerdict.Allow,
        };
    }

    private static EvictionVerdict Leaving(Pod pod, VirtualMachineInstance instance)
    {
        var triggered = $"Eviction triggered evacuation of VMI \"{instance.Metadata.Namespace}/{instance.Metadata.Name}\"";
        return instance.Status?.EvacuationNodeName == pod.Spec?.NodeName
            ? new(false, "Evacuation in progress: " + triggered)
            : new(false, triggered, pod.Spec?.NodeName);
    }

    private static string Why(VirtualMachineInstance instance) =>
        instance.Status?.Conditions.Find(InstanceCondition.LiveMigratable) is { Reason: { Length: > 0 } reason } ? $": {reason}" : "";
}
