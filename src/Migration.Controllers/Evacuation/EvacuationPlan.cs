using Migration.Api;
using Migration.Controllers.Migrations;
using Migration.Controllers.Pods;
using Migration.Kubernetes;

namespace Migration.Controllers.Evacuation;

/// <summary>Moves guests off nodes that are to be emptied, as a pure function: one migration after the other, until the guest is elsewhere.</summary>
public static class EvacuationPlan
{
    public const string NamePrefix = "kubevirt-evacuation-";

    public static EvacuationStep Next(EvacuationObservation observed)
    {
        var status = Requested(observed);
        if (observed.Instance.IsDeleting || observed.Status.Phase != InstancePhase.Running || observed.Status.NodeName is not { Length: > 0 } node)
            return new(observed.Status, new EvacuationAction.Wait());
        if (!observed.IsMigratable || !(observed.IsDrained || (observed.IsMarked && observed.Strategy != EvictionStrategy.External)))
            return new(status, new EvacuationAction.Wait());
        if (observed.Migrations.Any(job => !job.IsFinal))
            return new(status, Unmarked(observed) is { } pod ? new EvacuationAction.MarkPod(pod) : new EvacuationAction.Wait());
        // One that has moved the guest is not cleaned up yet: the instance will say where it is.
        if (observed.Migrations.Any(job => job.Metadata.HasFinalizer(FinalizerNames.Migration)))
            return new(status, new EvacuationAction.Wait());
        return new(status, new EvacuationAction.CreateMigration(Migration(observed, node)));
    }

    // A mark that is for another node is of no use any more, and one that was taken away leaves nothing.
    private static VirtualMachineInstanceStatus Requested(EvacuationObservation observed)
    {
        var status = observed.Status;
        if (!observed.IsMarked)
        {
            return status with
            {
                EvacuationNodeName = null,
                Conditions = status.Conditions.Find(InstanceCondition.EvictionRequested) is null ? status.Conditions : status.Conditions!.Without(InstanceCondition.EvictionRequested),
            };
        }
        var requested = new Condition
        {
            Type = InstanceCondition.EvictionRequested,
            Status = Condition.True,
            Reason = "EvictionRequested",
            Message = $"the guest is to leave node {status.EvacuationNodeName}",
        };
        return status with { Conditions = status.Conditions.With(requested, observed.Now) };
    }

    private static Pod? Unmarked(EvacuationObservation observed) =>
        observed.Pod is { IsActive: true } pod && pod.Metadata.Annotation(Annotations.EvictionInProgress) is null ? pod : null;

    private static VirtualMachineInstanceMigration Migration(EvacuationObservation observed, string node) => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachineInstanceMigration",
        Metadata = new ObjectMeta
        {
            Name = NamePrefix + LauncherPods.Suffix(Attempt(observed)),
            Namespace = observed.Instance.Metadata.Namespace,
            Labels = new Dictionary<string, string> { [Labels.MigratedInstance] = LauncherPods.LabelValue(observed.Instance.Metadata.Name!) },
            Annotations = new Dictionary<string, string> { [Annotations.EvacuationMigration] = node },
            Finalizers = [FinalizerNames.Migration],
        },
        Spec = new VirtualMachineInstanceMigrationSpec { VmiName = observed.Instance.Metadata.Name, Priority = MigrationPriority.SystemCritical },
    };

    // Whoever looks at an old view gives the same name again, also when the history has forgotten more; after an attempt that has ended there is
    // another. Of those that ended in the same second none is the last: all are in it.
    private static string Attempt(EvacuationObservation observed)
    {
        var last = observed.Migrations.Select(MigrationHistory.EndOf).DefaultIfEmpty().Max();
        var attempts = observed.Migrations.Where(job => MigrationHistory.EndOf(job) == last).Select(job => job.Metadata.Uid).Order(StringComparer.Ordinal);
        return $"{observed.Instance.Metadata.Uid} {string.Join(' ', attempts)}";
    }
}
