using Migration.Api;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>status.migrationState at the points where it changes; the same on instance and migration.</summary>
public static class MigrationRecords
{
    /// <summary>From where; where to is not known yet.</summary>
    public static MigrationRecord Queued(MigrationObservation observed) => new()
    {
        MigrationUid = observed.Uid,
        SourceNode = observed.SourceNode,
        SourcePod = observed.SourcePod?.Metadata.Name,
    };

    public static MigrationRecord Started(MigrationObservation observed, Pod target, string targetNode)
    {
        if (observed.Status.MigrationState is { StartTimestamp: not null } known && known.MigrationUid == observed.Uid)
            return known;
        var instance = observed.Instance!;
        return new MigrationRecord
        {
            MigrationUid = observed.Uid,
            StartTimestamp = observed.Now,
            Mode = "PreCopy",
            SourceNode = observed.SourceNode,
            SourcePod = observed.SourcePod?.Metadata.Name,
            TargetNode = targetNode,
            TargetPod = target.Metadata.Name,
            SourceState = new MigrationSource
            {
                Node = observed.SourceNode,
                Pod = observed.SourcePod?.Metadata.Name,
                MigrationUID = observed.Uid,
                DomainName = instance.Metadata.Name,
                DomainNamespace = instance.Metadata.Namespace,
                VirtualMachineInstanceUID = instance.Metadata.Uid,
            },
            TargetState = new MigrationTarget
            {
                Node = targetNode,
                Pod = target.Metadata.Name,
                MigrationUID = observed.Uid,
                DomainName = instance.Metadata.Name,
                DomainNamespace = instance.Metadata.Namespace,
                VirtualMachineInstanceUID = instance.Metadata.Uid,
            },
        };
    }

    public static MigrationRecord Succeeded(MigrationObservation observed, MigrationState? state)
    {
        var ended = state?.Ended?.ToDateTimeOffset() ?? observed.Now;
        var ready = state?.ResumedAt?.ToDateTimeOffset() ?? ended;
        var record = observed.Status.MigrationState ?? Queued(observed);
        return record with
        {
            EndTimestamp = ended,
            Completed = true,
            TargetNodeDomainDetected = true,
            TargetNodeDomainReadyTimestamp = ready,
            TargetState = record.TargetState is { } target ? target with { DomainDetected = true, DomainReadyTimestamp = ready } : null,
            // Too late to abort: the guest has moved.
            AbortStatus = record.AbortRequested == true ? "Failed" : record.AbortStatus,
        };
    }

    public static MigrationRecord Failed(MigrationObservation observed, string reason, MigrationState? state)
    {
        var record = observed.Status.MigrationState ?? new MigrationRecord { MigrationUid = observed.Uid };
        var aborted = record.AbortRequested == true || observed.Job.IsDeleting;
        return record with
        {
            EndTimestamp = state?.Ended?.ToDateTimeOffset() ?? observed.Now,
            Completed = true,
            Failed = true,
            FailureReason = reason,
            AbortRequested = aborted ? true : record.AbortRequested,
            AbortStatus = aborted ? "Succeeded" : record.AbortStatus,
        };
    }

    /// <summary>The instance's status once its guest runs on the target.</summary>
    public static VirtualMachineInstanceStatus MovedTo(VirtualMachineInstance instance, MigrationRecord record, Pod? left)
    {
        var status = instance.Status ?? new VirtualMachineInstanceStatus();
        return status with
        {
            NodeName = record.TargetNode,
            ActivePods = status.ActivePods?.Where(pod => pod.Key != left?.Metadata.Uid).ToDictionary(),
            MigrationState = record,
        };
    }
}
