using System.Globalization;
using System.Net;
using Migration.Api;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>status.migrationState at the points where it changes; the same on instance and migration.</summary>
public static class MigrationRecords
{
    // What KubeVirt calls the stream that carries guest memory.
    private const int MemoryStream = 49152;

    /// <summary>From where and how; where to is not known yet.</summary>
    public static MigrationRecord Queued(MigrationObservation observed) => new()
    {
        MigrationUid = observed.Uid,
        SourceNode = observed.SourceNode,
        SourcePod = observed.SourcePod?.Metadata.Name,
        MigrationPolicyName = observed.Policy?.Metadata.Name,
        MigrationConfiguration = observed.Configuration,
        SourceState = new MigrationSource
        {
            Node = observed.SourceNode,
            Pod = observed.SourcePod?.Metadata.Name,
            MigrationUID = observed.Uid,
            DomainName = observed.Instance?.Metadata.Name,
            DomainNamespace = observed.Instance?.Metadata.Namespace,
            VirtualMachineInstanceUID = observed.Instance?.Metadata.Uid,
            NodeSelectors = observed.RequiredLabels.Count == 0 ? null : observed.RequiredLabels,
        },
    };

    public static MigrationRecord Started(MigrationObservation observed, Pod target, string targetNode)
    {
        if (observed.Status.MigrationState is { StartTimestamp: not null } known && known.MigrationUid == observed.Uid)
            return known;
        var instance = observed.Instance!;
        return (observed.Status.MigrationState ?? Queued(observed)) with
        {
            StartTimestamp = observed.Now,
            Mode = "PreCopy",
            TargetNode = targetNode,
            TargetPod = target.Metadata.Name,
            TargetMemoryOverhead = Quantity.OfBytes(MachineResources.Overhead(instance.CompleteSpec().Domain)),
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

    /// <summary>The target listens.</summary>
    public static MigrationRecord? Prepared(MigrationRecord? record, PrepareIncomingResponse answer, string? controlAddress)
    {
        if (record is null || !IPEndPoint.TryParse(answer.DataEndpoint, out var endpoint))
            return record;
        var address = endpoint.Address.ToString();
        var ports = new Dictionary<string, int> { [endpoint.Port.ToString(CultureInfo.InvariantCulture)] = MemoryStream };
        return record with
        {
            TargetNodeAddress = address,
            TargetDirectMigrationNodePorts = ports,
            // A node that is reached elsewhere than its pods' network has one for migrations.
            MigrationNetworkType = controlAddress is null || controlAddress == address ? "Pod" : "Migration",
            TargetState = (record.TargetState ?? new MigrationTarget()) with { NodeAddress = address, DirectMigrationNodePorts = ports },
        };
    }

    /// <summary>What the source tells of the copy.</summary>
    public static MigrationRecord? Copying(MigrationRecord? record, MigrationState state) =>
        record is not null && state.Paused && record.Mode != "Paused" ? record with { Mode = "Paused" } : record;

    public static MigrationRecord Succeeded(MigrationObservation observed, MigrationState? state)
    {
        var ended = state?.Ended?.ToDateTimeOffset() ?? observed.Now;
        var ready = state?.ResumedAt?.ToDateTimeOffset() ?? ended;
        var known = observed.Status.MigrationState ?? Queued(observed);
        var record = (state is null ? known : Copying(known, state)) ?? known;
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
            EvacuationNodeName = status.EvacuationNodeName == record.TargetNode ? status.EvacuationNodeName : null,
            Conditions = status.EvacuationNodeName == record.TargetNode ? status.Conditions : status.Conditions?.Without(InstanceCondition.EvictionRequested),
            MigrationState = record,
        };
    }
}
