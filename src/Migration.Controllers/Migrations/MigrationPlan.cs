using System.Net;
using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Networks;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>
/// A migration as a pure function: what is observed → what the status says and what to do next.
/// </summary>
/// <remarks>
/// The status is written before the action is done, against the version that was observed: an action that starts
/// something is never done on the strength of a view that the API server has moved on from. What was started is then
/// seen in pods and nodes, not remembered here. Once the source node knows the migration, it alone decides how it
/// ends; before that, giving up is safe, because the guest has not left.
/// </remarks>
public sealed class MigrationPlan(LauncherPods pods)
{
    // What is over in a moment is not worth a word.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public MigrationStep Next(MigrationObservation observed)
    {
        if (observed.Job.IsFinal)
            return Settling(observed);
        if (!observed.Job.Metadata.HasFinalizer(FinalizerNames.Migration))
            return new(observed.Status, observed.Job.IsDeleting ? new MigrationAction.Wait() : new MigrationAction.AddFinalizer());
        if (MigrationValidation.Errors(observed.Job.Spec) is { Count: > 0 } errors)
            return Failed(observed, string.Join("; ", errors));
        if (observed.Outgoing.State is { } state)
            return Following(observed, state);
        if (GivenUp(observed) is { } reason)
            return GivingUp(observed, reason);
        return observed.Phase switch
        {
            MigrationJobPhase.Pending => Pending(observed),
            MigrationJobPhase.Scheduling when observed.TargetPod is null => new(InPhase(observed, MigrationJobPhase.Scheduling), new MigrationAction.CreatePod(TargetPod(observed))),
            _ => WithPod(observed),
        };
    }

    /// <summary>A node will not do what it was asked to: the guest has not left, so the migration has failed.</summary>
    public static MigrationStep Refused(MigrationObservation observed, string why) => Failed(observed, why);

    /// <summary>Why a migration waits that would go on if others did not go first.</summary>
    public const string QueuedReason = "Queued";

    /// <summary>It could leave, but others go first.</summary>
    public static MigrationStep Queued(MigrationObservation observed, string why) => Queued(observed, MigrationJobPhase.Pending, why);

    /// <summary>It could arrive, but others go first.</summary>
    public static MigrationStep QueuedAtTarget(MigrationObservation observed, string why) => Queued(observed, MigrationJobPhase.Scheduled, why);

    private static MigrationStep Queued(MigrationObservation observed, string phase, string why) => new(
        Waiting(observed with { Job = observed.Job with { Status = InPhase(observed, phase) } }, QueuedReason, why),
        new MigrationAction.Wait(TimeSpan.FromSeconds(5)));

    // Reasons to give up that do not come from the nodes.
    private static string? GivenUp(MigrationObservation observed)
    {
        if (observed.Instance is not { } instance)
            return $"there is no VirtualMachineInstance {observed.Job.InstanceKey}";
        if (instance.IsDeleting)
            return $"VirtualMachineInstance {instance.Metadata.Name} is being deleted";
        if (InstancePhase.IsFinal(instance.Status?.Phase))
            return $"VirtualMachineInstance {instance.Metadata.Name} has {instance.Status!.Phase!.ToLowerInvariant()}";
        if (observed.Job.IsDeleting)
            return "the migration was cancelled";
        return null;
    }

    // A source that may have started is asked first: it alone can say that the guest has not left.
    private static MigrationStep GivingUp(MigrationObservation observed, string reason)
    {
        if (HasStarted(observed) && !observed.Outgoing.IsKnown && observed.SourcePod is not null)
            return new(Waiting(observed, "SourceUnreachable", $"{reason}; node {observed.SourceNode} cannot be asked whether the guest has left"), new MigrationAction.Wait());
        return Failed(observed, reason);
    }

    private MigrationStep Pending(MigrationObservation observed)
    {
        var pending = InPhase(observed, MigrationJobPhase.Pending);
        if (observed.Rivals.FirstOrDefault(rival => GoesFirst(rival, observed.Job)) is { } rival)
            return Failed(observed, $"in-flight migration detected: {rival.Metadata.Name} moves {observed.Job.Spec.VmiName} already");
        if (observed.Instance!.Status?.Phase != InstancePhase.Running)
            return new(Waiting(observed with { Job = observed.Job with { Status = pending } }, "InstanceNotRunning", $"VirtualMachineInstance {observed.Job.Spec.VmiName} does not run yet"), new MigrationAction.Wait());
        if (observed.Instance.Status.Conditions.Find(InstanceCondition.LiveMigratable) is { Status: Condition.False } obstacle)
            return Failed(observed, $"VirtualMachineInstance {observed.Job.Spec.VmiName} is not migratable: {obstacle.Reason} {obstacle.Message}".TrimEnd());
        if (Backoff(observed) is { } until && until > observed.Now)
            return BackingOff(observed with { Job = observed.Job with { Status = pending } }, until);
        var scheduling = InPhase(observed with { Job = observed.Job with { Status = pending } }, MigrationJobPhase.Scheduling);
        var record = MigrationRecords.Queued(observed);
        return new(NotActedOn(observed, NoLongerWaiting(scheduling)) with { MigrationState = record }, new MigrationAction.CreatePod(TargetPod(observed)));
    }

    private static DateTimeOffset? Backoff(MigrationObservation observed) =>
        MigrationBackoff.AppliesTo(observed.Job) ? MigrationBackoff.Until(observed.Ended, observed.Limits.FirstPause) : null;

    private static MigrationStep BackingOff(MigrationObservation observed, DateTimeOffset until) => new(
        Waiting(observed, "MigrationBackoff", $"migrations of VirtualMachineInstance {observed.Job.Spec.VmiName} failed before; the next is tried at {until.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"),
        new MigrationAction.Wait(until - observed.Now));

    // A setting that is accepted and has no effect is named, not ignored.
    private static VirtualMachineInstanceMigrationStatus NotActedOn(MigrationObservation observed, VirtualMachineInstanceMigrationStatus status) =>
        MigrationPolicies.NotActedOn(observed.Configuration) is { Count: > 0 } names
            ? status with
            {
                Conditions = status.Conditions.With(
                    new Condition { Type = MigrationJobCondition.PolicyNotActedOn, Status = Condition.True, Reason = "NotSupported", Message = string.Join(", ", names) }, observed.Now),
            }
            : status;

    private MigrationStep WithPod(MigrationObservation observed) => observed.TargetPod switch
    {
        { IsFinished: false } when observed.Target.Phase is MachinePhase.Running => Arrived(observed, null),
        // The guest may be anywhere: the source knows.
        null or { IsActive: false } when HasStarted(observed) && !observed.Outgoing.IsKnown && observed.SourcePod is not null => new(SourceUnreachable(observed), new MigrationAction.Wait()),
        null => Failed(observed, "the target pod is gone"),
        { IsActive: false } pod => Failed(observed, $"the target could not be prepared: {pod.Ending}"),
        { IsBound: false } pod => Scheduling(observed, pod),
        var pod => OnNode(observed, pod, pod.Spec!.NodeName!),
    };

    private static MigrationStep Scheduling(MigrationObservation observed, Pod pod)
    {
        var waited = observed.Since(MigrationJobPhase.Scheduling);
        var limit = pod.Unschedulable is null ? observed.PendingTimeout : observed.UnschedulableTimeout;
        var message = pod.Unschedulable is { } why ? $"no node for pod {pod.Metadata.Name}: {why}" : $"pod {pod.Metadata.Name} waits for a node";
        if (waited >= limit)
            return Failed(observed, $"{message}, for {(long)waited.TotalSeconds} s");
        if (pod.Unschedulable is null && waited < Patience)
            return new(observed.Status, new MigrationAction.Wait(Patience));
        return new(
            Waiting(observed, pod.Unschedulable is null ? "WaitingForNode" : "Unschedulable", message),
            new MigrationAction.Wait(limit - waited));
    }

    private static MigrationStep OnNode(MigrationObservation observed, Pod pod, string node)
    {
        var target = observed.Target;
        if (target.Phase is MachinePhase.Failed or MachinePhase.Stopped or MachinePhase.Moved)
            return Failed(observed, $"the target could not be prepared: node {node}: {target.Machine!.Reason}");
        // Activated: the source never runs it again, whether or not it can be asked.
        if (target.Phase is MachinePhase.Running)
            return Arrived(observed, null);
        if (HasStarted(observed) && observed.SourcePod is null && target.IsKnown)
            return Failed(observed, $"node {observed.SourceNode} was lost with the guest, which had not arrived");
        if (HasStarted(observed) && !observed.Outgoing.IsKnown)
            return new(SourceUnreachable(observed), new MigrationAction.Wait());
        var preparing = !HasStarted(observed);
        var limit = pod.Status?.Phase == "Pending" ? observed.PendingTimeout : observed.Limits.Preparation;
        var left = limit - observed.Since(MigrationJobPhase.PreparingTarget);
        if (preparing && left <= TimeSpan.Zero)
            return Failed(observed, $"the target was not ready within {limit.TotalSeconds:0} s: {Explain(observed, pod, node)}");
        if (target.Phase == MachinePhase.Incoming)
            return Ready(observed, node);
        return target.IsAbsent && !preparing
            ? Failed(observed, $"node {node} lost the machine that was to receive the guest")
            : Preparing(observed, pod, node, left);
    }

    private static MigrationStep Preparing(MigrationObservation observed, Pod pod, string node, TimeSpan left)
    {
        var status = Bound(observed, pod, node);
        if (observed.Target.IsAbsent && observed.Source.Machine is { } source && Problem(observed, source) is null)
            return new(NoLongerWaiting(status), new MigrationAction.EnsureMachine(node, MachinePlans.Arriving(source, observed.Instance!, pod, observed.Networks)), Started(observed, pod, node));
        var explained = observed with { Job = observed.Job with { Status = status } };
        if (observed.Since(MigrationJobPhase.PreparingTarget) < Patience)
            return new(status, new MigrationAction.Wait(Patience), Started(observed, pod, node));
        return new(Waiting(explained, "PreparingTarget", Explain(observed, pod, node)), new MigrationAction.Wait(left), Started(observed, pod, node));
    }

    // Why a network that the guest has cannot be had on the target.
    private static NetworkProblem? Problem(MigrationObservation observed, Machine source) =>
        source.Plan.Interfaces.Select(nic => observed.Networks.Problems.GetValueOrDefault(nic.Name)).FirstOrDefault(problem => problem is not null);

    private static string Explain(MigrationObservation observed, Pod pod, string node)
    {
        if (!observed.Target.IsKnown)
            return $"node {node} cannot be reached";
        if (observed.Target.IsAbsent && observed.Source.Machine is { } source && Problem(observed, source) is { } problem)
            return problem.Message;
        if (observed.Target.IsAbsent)
            return $"node {observed.SourceNode} cannot be asked what the guest runs with";
        return pod.WaitingReason is { } why ? $"pod {pod.Metadata.Name}: {why}"
            : observed.Target.Machine!.Reason is { Length: > 0 } told ? $"node {node}: {told}" : $"node {node} gets ready";
    }

    private static MigrationStep Ready(MigrationObservation observed, string node)
    {
        if (observed.Prepared is not { } prepared)
            return new(NoLongerWaiting(Bound(observed, observed.TargetPod!, node)), new MigrationAction.Prepare(node, PrepareRequest(observed)), Started(observed, observed.TargetPod!, node));
        if (observed.Phase is not (MigrationJobPhase.TargetReady or MigrationJobPhase.Running))
        {
            var ready = NoLongerWaiting(InPhase(observed, MigrationJobPhase.TargetReady));
            return new(ready with { MigrationState = MigrationRecords.Prepared(ready.MigrationState, prepared, HostOf(prepared.ControlEndpoint)) }, new MigrationAction.Wait(TimeSpan.Zero));
        }
        if (observed.SourceNode is null)
            return new(SourceUnreachable(observed), new MigrationAction.Wait());
        if (observed.Source.Machine is { } source && !Devices(source).SequenceEqual(Devices(observed.Target.Machine!)))
            return Failed(observed, "the guest's interfaces changed while the target was made ready");
        return new(NoLongerWaiting(InPhase(observed, MigrationJobPhase.Running)), new MigrationAction.Start(observed.SourceNode, StartRequest(observed, node)));
    }

    private static string? HostOf(string endpoint) => IPEndPoint.TryParse(endpoint, out var parsed) ? parsed.Address.ToString() : null;

    private static IEnumerable<(string Name, string Model)> Devices(Machine machine) => machine.Plan.Interfaces.Select(nic => (nic.Name, nic.Model)).Order();

    // The source node knows the migration: its word counts.
    private static MigrationStep Following(MigrationObservation observed, MigrationState state) => state.Phase switch
    {
        Protos.MigrationPhase.Succeeded => Arrived(observed, state),
        Protos.MigrationPhase.Failed or Protos.MigrationPhase.Cancelled => Failed(observed, FailureOf(observed, state), state),
        Protos.MigrationPhase.Undecided when observed.Target.Phase == MachinePhase.Running => Arrived(observed, state),
        // Looked up, and gone for good: what it may have decided does not run any more.
        Protos.MigrationPhase.Undecided when observed.TargetPod is null => new(
            Undecided(observed, state), new MigrationAction.Fence(observed.SourceNode!, $"the pod on node {observed.Status.MigrationState?.TargetNode} is deleted")),
        Protos.MigrationPhase.Undecided => new(Undecided(observed, state), new MigrationAction.Follow(observed.SourceNode!)),
        _ when GivenUp(observed) is { } reason => new(Aborting(observed, state, reason), new MigrationAction.Cancel(observed.SourceNode!, reason)),
        _ => new(Copying(observed, state), new MigrationAction.Follow(observed.SourceNode!)),
    };

    private static string FailureOf(MigrationObservation observed, MigrationState state) =>
        (GivenUp(observed), state.Reason) switch
        {
            ({ } why, _) => why,
            (null, { Length: > 0 } told) => $"node {observed.SourceNode}: {told}",
            _ => $"node {observed.SourceNode} gave the migration up without saying why",
        };

    private static VirtualMachineInstanceMigrationStatus Copying(MigrationObservation observed, MigrationState state) =>
        NoLongerWaiting(InPhase(observed, MigrationJobPhase.Running)) with
        {
            Progress = MigrationProgressReport.Of(state),
            MigrationState = MigrationRecords.Copying(observed.Status.MigrationState, state),
        };

    private static VirtualMachineInstanceMigrationStatus Aborting(MigrationObservation observed, MigrationState state, string reason)
    {
        var status = Copying(observed, state);
        return status with
        {
            Conditions = status.Conditions.With(
                new Condition { Type = MigrationJobCondition.AbortRequested, Status = Condition.True, Reason = "AbortRequested", Message = reason }, observed.Now),
            MigrationState = (status.MigrationState ?? new MigrationRecord()) with { AbortRequested = true, AbortStatus = "Aborting" },
        };
    }

    private static VirtualMachineInstanceMigrationStatus Undecided(MigrationObservation observed, MigrationState state)
    {
        var status = Copying(observed, state);
        return status with
        {
            Conditions = status.Conditions.With(
                new Condition
                {
                    Type = MigrationJobCondition.Undecided,
                    Status = Condition.True,
                    Reason = "TargetUnreachable",
                    Message = state.Reason is { Length: > 0 } told ? told : "the guest is stopped on the source, and the target cannot be asked whether it runs there",
                },
                observed.Now),
        };
    }

    private static MigrationStep Arrived(MigrationObservation observed, MigrationState? state)
    {
        var record = MigrationRecords.Succeeded(observed, state);
        var status = NoLongerWaiting(InPhase(observed, MigrationJobPhase.Succeeded));
        return new(
            status with
            {
                Conditions = status.Conditions?.Without(MigrationJobCondition.Undecided),
                MigrationState = record,
                Progress = state is null ? status.Progress : MigrationProgressReport.Of(state),
            },
            new MigrationAction.Wait(TimeSpan.Zero),
            observed.Instance is { } instance && !instance.IsDeleting ? MigrationRecords.MovedTo(instance, record, observed.SourcePod) : null);
    }

    private static MigrationStep Failed(MigrationObservation observed, string reason, MigrationState? state = null)
    {
        var record = MigrationRecords.Failed(observed, reason, state);
        var status = NoLongerWaiting(InPhase(observed, MigrationJobPhase.Failed));
        return new(
            status with
            {
                Conditions = status.Conditions?.Without(MigrationJobCondition.Undecided),
                MigrationState = record,
                Progress = state is null ? status.Progress : MigrationProgressReport.Of(state),
            },
            new MigrationAction.Wait(TimeSpan.Zero),
            observed.Instance is { IsDeleting: false, Status: { MigrationState: { } known } told } && known.MigrationUid == observed.Uid
                ? told with { MigrationState = record }
                : null);
    }

    // Clean-up after the end: the side that lost the guest goes, then the nodes forget, then the object may go.
    private static MigrationStep Settling(MigrationObservation observed)
    {
        var status = observed.Status;
        if (!observed.Job.Metadata.HasFinalizer(FinalizerNames.Migration))
            return new(status, !observed.Job.IsDeleting && MigrationHistory.IsPast(observed.Job, observed.Ended, observed.Limits.History) ? new MigrationAction.DeleteJob() : new MigrationAction.Wait());
        if (status is { Phase: MigrationJobPhase.Succeeded, Progress.Anchored: true })
            return new(status, observed.SourcePod is { } keeper && keeper.Metadata.Label(Labels.Anchor) is null
                ? new MigrationAction.MarkAnchor(keeper)
                : new MigrationAction.Forget(Nodes(observed)));
        var (pod, machine) = status.Phase == MigrationJobPhase.Succeeded ? (observed.SourcePod, observed.Source) : (observed.TargetPod, observed.Target);
        if (pod is not null && machine.Machine is not null)
            return new(status, new MigrationAction.DeleteMachine(pod.Spec!.NodeName!, pod.Uid));
        return new(status, pod is { IsDeleting: false } ? new MigrationAction.DeletePod(pod) : new MigrationAction.Forget(Nodes(observed)));
    }

    private static List<string> Nodes(MigrationObservation observed) =>
        [.. new[] { observed.Status.MigrationState?.SourceNode, observed.Status.MigrationState?.TargetNode }.OfType<string>().Distinct()];

    private Pod TargetPod(MigrationObservation observed) => pods.Target(observed.Instance!, observed.Job, observed.Networks, observed.RequiredLabels);

    // The one that got further goes first; of two that got equally far, the older.
    private static bool GoesFirst(VirtualMachineInstanceMigration rival, VirtualMachineInstanceMigration job) =>
        Rank(rival).CompareTo(Rank(job)) < 0;

    private static (int Progress, DateTimeOffset Created, string Uid) Rank(VirtualMachineInstanceMigration job) =>
        (-Math.Max(0, IndexOf(job.Status?.Phase)), job.Metadata.CreationTimestamp ?? default, job.Metadata.Uid ?? "");

    private static int IndexOf(string? phase)
    {
        for (var i = 0; i < MigrationJobPhase.InOrder.Count; i++)
        {
            if (MigrationJobPhase.InOrder[i] == phase)
                return i;
        }
        return -1;
    }

    // Bound, and the node is told: two phases that begin together.
    private static VirtualMachineInstanceMigrationStatus Bound(MigrationObservation observed, Pod pod, string node)
    {
        var scheduled = InPhase(observed, MigrationJobPhase.Scheduled);
        var preparing = InPhase(observed with { Job = observed.Job with { Status = scheduled } }, MigrationJobPhase.PreparingTarget);
        return preparing with
        {
            Phase = observed.Phase is MigrationJobPhase.TargetReady or MigrationJobPhase.Running ? observed.Phase : MigrationJobPhase.PreparingTarget,
            MigrationState = MigrationRecords.Started(observed, pod, node),
        };
    }

    // From here on the source may have been told.
    private static bool HasStarted(MigrationObservation observed) => observed.Phase is MigrationJobPhase.TargetReady or MigrationJobPhase.Running;

    private static VirtualMachineInstanceMigrationStatus SourceUnreachable(MigrationObservation observed) =>
        Waiting(observed, "SourceUnreachable", $"node {observed.SourceNode} cannot be reached");

    private static VirtualMachineInstanceStatus Started(MigrationObservation observed, Pod pod, string node)
    {
        var status = observed.Instance?.Status ?? new VirtualMachineInstanceStatus();
        return status with
        {
            ActivePods = new Dictionary<string, string>(status.ActivePods ?? new Dictionary<string, string>()) { [pod.Uid] = node },
            MigrationState = MigrationRecords.Started(observed, pod, node),
        };
    }

    private static PrepareIncomingRequest PrepareRequest(MigrationObservation observed) => new()
    {
        MigrationId = observed.Uid,
        MachineId = observed.TargetPod!.Uid,
        SourceNode = observed.SourceNode ?? observed.Status.MigrationState?.SourceNode ?? "",
        Options = CopyOptions.Of(observed.Configuration, observed.GuestMemory),
    };

    // What the target answered is added by whoever asked it.
    private static StartOutgoingRequest StartRequest(MigrationObservation observed, string targetNode) => new()
    {
        MigrationId = observed.Uid,
        MachineId = observed.SourcePod!.Uid,
        TargetNode = targetNode,
        Options = CopyOptions.Of(observed.Configuration, observed.GuestMemory),
    };

    private static VirtualMachineInstanceMigrationStatus InPhase(MigrationObservation observed, string phase) => observed.Status with
    {
        Phase = phase,
        PhaseTransitionTimestamps = observed.Status.PhaseTransitionTimestamps.Entered(phase, observed.Now),
    };

    private static VirtualMachineInstanceMigrationStatus Waiting(MigrationObservation observed, string reason, string message) => observed.Status with
    {
        Phase = observed.Phase,
        PhaseTransitionTimestamps = observed.Status.PhaseTransitionTimestamps.Entered(observed.Phase, observed.Now),
        Conditions = observed.Status.Conditions.With(
            new Condition { Type = MigrationJobCondition.Waiting, Status = Condition.True, Reason = reason, Message = message }, observed.Now),
    };

    private static VirtualMachineInstanceMigrationStatus NoLongerWaiting(VirtualMachineInstanceMigrationStatus status) =>
        status with { Conditions = status.Conditions?.Without(MigrationJobCondition.Waiting) };
}
