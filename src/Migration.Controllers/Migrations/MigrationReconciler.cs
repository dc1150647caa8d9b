using System.Collections.Concurrent;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;
using Outcome = Migration.Kubernetes.Outcome;

namespace Migration.Controllers.Migrations;

/// <summary>Takes every VirtualMachineInstanceMigration from Pending to Succeeded or Failed, and cleans up behind it.</summary>
/// <remarks>
/// What is remembered here (answers of targets, times of the last progress) only saves asking again: another process
/// takes over at any moment and sees the rest in pods and nodes.
/// </remarks>
public sealed class MigrationReconciler(
    KubernetesClient client,
    ClusterView cluster,
    NodeDirectory nodes,
    OutgoingFeeds feeds,
    NetworkDefinitions networks,
    MigrationPlan plan,
    MigrationLimits limits,
    EventRecorder events,
    TimeProvider time,
    ILogger<MigrationReconciler> log)
    : IReconciler
{
    private static readonly TimeSpan Resync = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(10);

    // A node that does not come back does not hold the object for ever.
    private static readonly TimeSpan ForgetWithin = TimeSpan.FromMinutes(5);

    private readonly ResourceClient<VirtualMachineInstanceMigration> _migrations = client.For(KubeVirt.Migrations);
    private readonly ResourceClient<VirtualMachineInstance> _instances = client.For(KubeVirt.Instances);
    private readonly ResourceClient<Pod> _pods = client.For(Kinds.Pods);
    private readonly StatusWriter<VirtualMachineInstanceMigration> _status = new(client.For(KubeVirt.Migrations));
    private readonly StatusWriter<VirtualMachineInstance> _instanceStatus = new(client.For(KubeVirt.Instances));
    private readonly MigrationTurns _turns = new(limits);
    private readonly ConcurrentDictionary<string, PrepareIncomingResponse> _prepared = new();
    private readonly ConcurrentDictionary<string, long> _reported = new();

    public async Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.Migrations.Store.Get(key) is not { } job)
            return Outcome.Done;

        var observed = await ObserveAsync(job, ct);
        var step = InTurn(observed, plan.Next(observed));
        if (TooSoon(observed, step) is { } pause)
            return Outcome.Again(pause);
        if (step.Instance is { } status && observed.Instance is { } instance)
            await _instanceStatus.WriteAsync(instance, instance with { Status = status }, ct);
        var written = step.Action is MigrationAction.AddFinalizer ? job : await _status.WriteAsync(job, job with { Status = step.Status }, ct);
        Told(observed, written);
        return await PerformAsync(observed, written, step.Action, ct);
    }

    private async Task<MigrationObservation> ObserveAsync(VirtualMachineInstanceMigration job, CancellationToken ct)
    {
        var instance = await InstanceOfAsync(job, ct);
        var source = await SourcePodAsync(job, instance, ct);
        var target = await TargetPodAsync(job, instance, ct);
        return new MigrationObservation
        {
            Job = job,
            Instance = instance,
            Rivals = [.. cluster.MigrationsOf(job.InstanceKey).Where(other => other.Metadata.Uid != job.Metadata.Uid && !other.IsFinal)],
            Ended = [.. cluster.MigrationsOf(job.InstanceKey).Where(other => other.IsFinal)],
            Policy = instance is null ? null : cluster.PolicyOf(instance),
            RequiredLabels = MachineOf(source).Machine is { } machine ? NodeLabels.RequiredBy(machine, cluster.Node(source!.Spec!.NodeName)) : new Dictionary<string, string>(),
            SourcePod = source,
            TargetPod = target,
            Source = MachineOf(source),
            Target = MachineOf(target),
            Outgoing = await OutgoingAsync(job, source, ct),
            Networks = job.IsFinal || instance is null || InstanceValidation.Errors(instance, instance.CompleteSpec()).Count > 0 ? ResolvedNetworks.None : await networks.ResolveAsync(instance, ct),
            Prepared = _prepared.GetValueOrDefault(job.Metadata.Uid!),
            Now = time.GetUtcNow(),
            Limits = limits,
        };
    }

    // "There is none" ends a migration, so it is not taken from an informer that may be behind.
    private async Task<VirtualMachineInstance?> InstanceOfAsync(VirtualMachineInstanceMigration job, CancellationToken ct)
    {
        var key = job.InstanceKey;
        return key.Name.Length == 0 ? null : cluster.Instances.Store.Get(key) ?? (job.IsFinal ? null : await _instances.FindAsync(key, ct));
    }

    private async Task<Pod?> SourcePodAsync(VirtualMachineInstanceMigration job, VirtualMachineInstance? instance, CancellationToken ct)
    {
        var name = job.Status?.MigrationState?.SourcePod ?? (instance is null ? null : InstanceObservation.CurrentPodOf(instance));
        return name is null ? null : await PodAsync(new ObjectKey(job.Metadata.Namespace!, name), lookUp: false, ct);
    }

    private async Task<Pod?> TargetPodAsync(VirtualMachineInstanceMigration job, VirtualMachineInstance? instance, CancellationToken ct)
    {
        var name = job.Status?.MigrationState?.TargetPod ?? (instance is null ? null : LauncherPods.Name(instance, job.Metadata.Uid!));
        var isExpected = !job.IsFinal && job.Status?.Phase is MigrationJobPhase.Scheduled or MigrationJobPhase.PreparingTarget or MigrationJobPhase.TargetReady or MigrationJobPhase.Running;
        return name is null ? null : await PodAsync(new ObjectKey(job.Metadata.Namespace!, name), isExpected, ct);
    }

    private async Task<Pod?> PodAsync(ObjectKey key, bool lookUp, CancellationToken ct) =>
        cluster.Pods.Store.Get(key) ?? (lookUp ? await _pods.FindAsync(key, ct) : null);

    private MachineView MachineOf(Pod? pod) => pod is { IsBound: true } ? nodes.Machine(pod.Spec!.NodeName, pod.Uid) : MachineView.Unknown;

    private async Task<OutgoingView> OutgoingAsync(VirtualMachineInstanceMigration job, Pod? source, CancellationToken ct)
    {
        if (job.IsFinal || job.Status?.Phase is not (MigrationJobPhase.TargetReady or MigrationJobPhase.Running))
            return OutgoingView.Absent;
        if (feeds.Latest(job.Metadata.Uid!) is { } latest)
            return OutgoingView.Of(latest);
        if (nodes.Find(job.Status.MigrationState?.SourceNode ?? source?.Spec?.NodeName) is not { } node)
            return OutgoingView.Unknown;
        try
        {
            var answer = await node.Migrations.GetMigrationAsync(new GetMigrationRequest { MigrationId = job.Metadata.Uid! }, deadline: Deadline(), cancellationToken: ct);
            return OutgoingView.Of(answer.Migration);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.NotFound)
        {
            return OutgoingView.Absent;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            return OutgoingView.Unknown;
        }
    }

    // Letting go is one act for all workers: two that look at the same moment would both see a free place.
    private MigrationStep InTurn(MigrationObservation observed, MigrationStep step)
    {
        if (observed.Job.IsFinal)
            _turns.Ended(observed.Uid);
        if (step.Action is MigrationAction.CreatePod && observed.Phase == MigrationJobPhase.Pending)
            return _turns.AskToLeave(Mover.Of(observed.Job, observed.SourceNode), UnderWay(), Waiting()) is { } why ? MigrationPlan.Queued(observed, why) : step;
        if (observed.Phase is MigrationJobPhase.Scheduling or MigrationJobPhase.Scheduled && step.Status.Phase == MigrationJobPhase.PreparingTarget)
            return _turns.AskToArrive(observed.Uid, observed.TargetNode ?? "", Arriving()) is { } full ? MigrationPlan.QueuedAtTarget(observed, full) : step;
        return step;
    }

    private IEnumerable<Mover> UnderWay() => cluster.Migrations.Store.All()
        .Where(job => !job.IsFinal && job.Status?.Phase is not (null or "" or MigrationJobPhase.Pending))
        .Select(job => Mover.Of(job, job.Status?.MigrationState?.SourceNode));

    // One that waits for something else does not hold others up.
    private IEnumerable<Mover> Waiting() => cluster.Migrations.Store.All()
        .Where(job => !job.IsDeleting && job.Status?.Phase is null or "" or MigrationJobPhase.Pending
            && job.Status?.Conditions.Find(MigrationJobCondition.Waiting) is null or { Reason: MigrationPlan.QueuedReason })
        .Select(job => Mover.Of(job, cluster.Instances.Store.Get(job.InstanceKey)?.Status?.NodeName));

    private IEnumerable<KeyValuePair<string, string>> Arriving() => cluster.Migrations.Store.All()
        .Where(job => job.Status is { Phase: MigrationJobPhase.PreparingTarget or MigrationJobPhase.TargetReady or MigrationJobPhase.Running, MigrationState.TargetNode: not null })
        .Select(job => KeyValuePair.Create(job.Metadata.Uid ?? "", job.Status!.MigrationState!.TargetNode!));

    // Of the progress alone, not every figure is written.
    private TimeSpan? TooSoon(MigrationObservation observed, MigrationStep step)
    {
        if (step.Action is not MigrationAction.Follow || !_reported.TryGetValue(observed.Uid, out var last))
            return null;
        var rest = limits.ProgressInterval - time.GetElapsedTime(last);
        var quiet = observed.Job with { Status = step.Status with { Progress = observed.Status.Progress } };
        return rest > TimeSpan.Zero && KubeVirt.Migrations.Same(observed.Job, quiet) && feeds.Latest(observed.Uid) is not null ? rest : null;
    }

    private async Task<Outcome> PerformAsync(MigrationObservation observed, VirtualMachineInstanceMigration job, MigrationAction action, CancellationToken ct)
    {
        try
        {
            switch (action)
            {
                case MigrationAction.Wait wait:
                    return Outcome.Again(wait.AtMost is { } atMost && atMost < Resync ? atMost : Resync);
                case MigrationAction.AddFinalizer:
                    await AddFinalizerAsync(job, ct);
                    break;
                case MigrationAction.CreatePod create:
                    await CreatePodAsync(job, create.Pod, ct);
                    break;
                case MigrationAction.EnsureMachine ensure:
                    await EnsureMachineAsync(job, ensure, ct);
                    break;
                case MigrationAction.Prepare prepare:
                    await PrepareAsync(job, prepare, ct);
                    return Outcome.Again(TimeSpan.Zero);
                case MigrationAction.Start start:
                    await StartAsync(job, start, ct);
                    break;
                case MigrationAction.Follow follow:
                    _reported[observed.Uid] = time.GetTimestamp();
                    feeds.Follow(observed.Uid, job.Key, follow.Node);
                    break;
                case MigrationAction.Cancel cancel:
                    await CancelAsync(job, cancel.Node, cancel.Reason, ct);
                    feeds.Follow(observed.Uid, job.Key, cancel.Node);
                    break;
                case MigrationAction.Fence fence:
                    await FenceAsync(job, fence, ct);
                    feeds.Follow(observed.Uid, job.Key, fence.SourceNode);
                    break;
                case MigrationAction.DeleteJob:
                    await _migrations.EnsureDeletedAsync(job, DeleteOptions.Default, ct);
                    return Outcome.Done;
                case MigrationAction.DeleteMachine delete:
                    await DeleteMachineAsync(delete, ct);
                    break;
                case MigrationAction.DeletePod delete:
                    await _pods.EnsureDeletedAsync(delete.Pod, DeleteOptions.Default, ct);
                    break;
                case MigrationAction.MarkAnchor mark:
                    await MarkAnchorAsync(mark.Pod, ct);
                    return Outcome.Again(TimeSpan.Zero);
                case MigrationAction.Forget forget:
                    return await ForgetAsync(observed, job, forget.Nodes, ct);
                default:
                    throw new InvalidOperationException($"no way to do {action}");
            }
        }
        catch (RpcException e) when (action is MigrationAction.EnsureMachine or MigrationAction.Prepare or MigrationAction.Start && IsRefusal(e))
        {
            await RefusedAsync(observed with { Job = job }, e, ct);
        }
        return Outcome.Again(Resync);
    }

    private async Task AddFinalizerAsync(VirtualMachineInstanceMigration job, CancellationToken ct)
    {
        var marked = job with
        {
            Metadata = job.Metadata.WithFinalizer(FinalizerNames.Migration).WithLabel(Labels.MigratedInstance, LauncherPods.LabelValue(job.Spec.VmiName ?? "")),
        };
        if (Patch.Between(KubeVirt.Migrations, job, marked, onlyIfUnchanged: true) is { } patch)
            await _migrations.PatchAsync(job.Key, patch, ct);
    }

    private async Task MarkAnchorAsync(Pod pod, CancellationToken ct)
    {
        var marked = pod with { Metadata = pod.Metadata.WithLabel(Labels.Anchor, "true") };
        if (Patch.Between(Kinds.Pods, pod, marked, onlyIfUnchanged: true) is { } patch)
            await _pods.PatchAsync(pod.Key, patch, ct);
    }

    private async Task CreatePodAsync(VirtualMachineInstanceMigration job, Pod pod, CancellationToken ct)
    {
        await _migrations.EnsureFreshAsync(job, ct);
        try
        {
            await _pods.CreateAsync(pod, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            return;
        }
        events.Normal(job, "SuccessfulCreate", $"Created migration target pod {pod.Metadata.Name}");
        Log.PodCreated(log, pod.Key, job.Key);
    }

    private async Task EnsureMachineAsync(VirtualMachineInstanceMigration job, MigrationAction.EnsureMachine ensure, CancellationToken ct)
    {
        await _migrations.EnsureFreshAsync(job, ct);
        if (nodes.Find(ensure.Node) is not { } node)
            return;
        var answer = await node.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = ensure.Plan }, deadline: Deadline(), cancellationToken: ct);
        node.Saw(answer.Machine);
    }

    private async Task PrepareAsync(VirtualMachineInstanceMigration job, MigrationAction.Prepare prepare, CancellationToken ct)
    {
        await _migrations.EnsureFreshAsync(job, ct);
        if (nodes.Find(prepare.Node) is { } node)
            _prepared[job.Metadata.Uid!] = await node.Migrations.PrepareIncomingAsync(prepare.Request, deadline: Deadline(), cancellationToken: ct);
    }

    private async Task StartAsync(VirtualMachineInstanceMigration job, MigrationAction.Start start, CancellationToken ct)
    {
        await _migrations.EnsureFreshAsync(job, ct);
        if (nodes.Find(start.Node) is not { } node || !_prepared.TryGetValue(job.Metadata.Uid!, out var target))
            return;
        var request = start.Request.Clone();
        (request.DataEndpoint, request.ControlEndpoint, request.Token) = (target.DataEndpoint, target.ControlEndpoint, target.Token);
        (request.Encrypted, request.Channels) = (target.Encrypted, target.Channels);
        await node.Migrations.StartOutgoingAsync(request, deadline: Deadline(), cancellationToken: ct);
        feeds.Follow(job.Metadata.Uid!, job.Key, start.Node);
        Log.MigrationStarted(log, job.Key, start.Node, request.TargetNode);
    }

    private async Task CancelAsync(VirtualMachineInstanceMigration job, string name, string reason, CancellationToken ct)
    {
        if (nodes.Find(name) is not { } node)
            return;
        try
        {
            await node.Migrations.CancelMigrationAsync(new CancelMigrationRequest { MigrationId = job.Metadata.Uid!, Reason = reason }, deadline: Deadline(), cancellationToken: ct);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition)
        {
            // Past the switch-over: its end is near, and it says itself which.
            Log.CancelTooLate(log, job.Key, e.Status.Detail);
        }
    }

    private async Task FenceAsync(VirtualMachineInstanceMigration job, MigrationAction.Fence fence, CancellationToken ct)
    {
        if (nodes.Find(fence.SourceNode) is not { } node)
            return;
        await node.Migrations.CancelMigrationAsync(
            new CancelMigrationRequest { MigrationId = job.Metadata.Uid!, Reason = fence.Reason, TargetFenced = true }, deadline: Deadline(), cancellationToken: ct);
        Log.TargetFenced(log, job.Key, fence.SourceNode);
    }

    private async Task DeleteMachineAsync(MigrationAction.DeleteMachine delete, CancellationToken ct)
    {
        if (nodes.Find(delete.Node) is not { } node)
            return;
        await node.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = delete.Id }, deadline: Deadline(), cancellationToken: ct);
        Log.MachineDeleted(log, delete.Id, delete.Node);
    }

    private async Task<Outcome> ForgetAsync(MigrationObservation observed, VirtualMachineInstanceMigration job, IReadOnlyList<string> names, CancellationToken ct)
    {
        foreach (var node in names.Select(nodes.Find).OfType<NodeConnection>())
        {
            if (!await IsReleasedAsync(observed, node, ct))
                return Outcome.Again(Resync);
        }
        _prepared.TryRemove(observed.Uid, out _);
        _reported.TryRemove(observed.Uid, out _);
        _turns.Ended(observed.Uid);
        await _migrations.RemoveFinalizerAsync(job, FinalizerNames.Migration, ct);
        Log.MigrationSettled(log, job.Key);
        return Outcome.Done;
    }

    // A node that cannot be reached wakes us when it is back.
    private async Task<bool> IsReleasedAsync(MigrationObservation observed, NodeConnection node, CancellationToken ct)
    {
        try
        {
            await node.Migrations.ReleaseMigrationAsync(new ReleaseMigrationRequest { MigrationId = observed.Uid }, deadline: Deadline(), cancellationToken: ct);
            return true;
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition && observed.Status.Phase == MigrationJobPhase.Failed)
        {
            // A side that was prepared and never reached.
            await CancelAsync(observed.Job, node.Name, "the migration has failed", ct);
            throw;
        }
        catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded)
        {
            var givenUp = observed.Now - (observed.Status.MigrationState?.EndTimestamp ?? observed.Now) > ForgetWithin;
            Log.ReleaseDelayed(log, observed.Job.Key, node.Name, e.Status.Detail);
            return givenUp;
        }
    }

    // What the node will not do, now or later. Everything else is tried again.
    private static bool IsRefusal(RpcException e) => e.StatusCode
        is StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.ResourceExhausted or StatusCode.Unimplemented or StatusCode.PermissionDenied;

    private async Task RefusedAsync(MigrationObservation observed, RpcException e, CancellationToken ct)
    {
        var step = MigrationPlan.Refused(observed, e.Status.Detail);
        if (step.Instance is { } status && observed.Instance is not null && await _instances.FindAsync(observed.Instance.Key, ct) is { } instance)
            await _instanceStatus.WriteAsync(instance, instance with { Status = instance.Status! with { MigrationState = status.MigrationState } }, ct);
        Told(observed, await _status.WriteAsync(observed.Job, observed.Job with { Status = step.Status }, ct));
    }

    private void Told(MigrationObservation before, VirtualMachineInstanceMigration after)
    {
        var (status, state) = (after.Status, after.Status?.MigrationState);
        if (before.Status.Phase != status?.Phase)
        {
            Log.MigrationPhase(log, after.Key, status?.Phase ?? "");
            switch (status?.Phase)
            {
                case MigrationJobPhase.PreparingTarget:
                    Both(before, after, "PreparingTarget", $"node {state?.TargetNode} prepares for the guest");
                    break;
                case MigrationJobPhase.Running:
                    Both(before, after, "Migrating", $"the guest moves from node {state?.SourceNode} to node {state?.TargetNode}");
                    break;
                case MigrationJobPhase.Succeeded:
                    Both(before, after, "Migrated", $"the guest moved from node {state?.SourceNode} to node {state?.TargetNode}; it was stopped for {status.Progress?.Downtime ?? "an unknown time"}");
                    break;
                case MigrationJobPhase.Failed:
                    BothWarned(before, after, "FailedMigration", state?.FailureReason ?? "");
                    break;
            }
        }
        if (Newly(before, after, MigrationJobCondition.Undecided) is { } undecided)
            BothWarned(before, after, "MigrationUndecided", undecided.Message ?? "");
        if (Newly(before, after, MigrationJobCondition.AbortRequested) is { } aborting)
            Both(before, after, "MigrationAborting", aborting.Message ?? "");
        if (Newly(before, after, MigrationJobCondition.PolicyNotActedOn) is { } ignored)
            events.Warning(after, "NotSupported", $"not acted on: {ignored.Message}");
        if (status?.Conditions.Find(MigrationJobCondition.Waiting) is { Reason: "MigrationBackoff" } pause && before.Status.Conditions.Find(MigrationJobCondition.Waiting)?.Reason != pause.Reason)
            BothWarned(before, after, "MigrationBackoff", pause.Message ?? "");
        if (status?.Conditions.Find(MigrationJobCondition.Waiting) is { Reason: "Unschedulable" } waiting && before.Status.Conditions.Find(MigrationJobCondition.Waiting)?.Message != waiting.Message)
            events.Warning(after, "migrationTargetPodUnschedulable", waiting.Message ?? "");
    }

    private static Condition? Newly(MigrationObservation before, VirtualMachineInstanceMigration after, string type) =>
        before.Status.Conditions.Find(type) is null ? after.Status?.Conditions.Find(type) : null;

    private void Both(MigrationObservation observed, VirtualMachineInstanceMigration job, string reason, string message)
    {
        events.Normal(job, reason, message);
        if (observed.Instance is { } instance)
            events.Normal(instance, reason, message);
    }

    private void BothWarned(MigrationObservation observed, VirtualMachineInstanceMigration job, string reason, string message)
    {
        events.Warning(job, reason, message);
        if (observed.Instance is { } instance)
            events.Warning(instance, reason, message);
    }

    private DateTime Deadline() => time.GetUtcNow().UtcDateTime + CallLimit;
}
