using Migration.Api;
using Migration.Controllers.Disks;
using Migration.Controllers.Networks;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Instances;

/// <summary>
/// The life of an instance as a pure function: what is observed → what the status says and what to do next.
/// </summary>
/// <remarks>
/// The migration reconciler owns status.migrationState, and status.nodeName once the guest has run; here they are
/// read to know which pod counts. While a migration is in flight its source is not judged: a guest that is gone from
/// there may have arrived elsewhere.
/// </remarks>
public sealed class InstancePlan(LauncherPods pods)
{
    public InstanceStep Next(InstanceObservation observed)
    {
        var spec = observed.Instance.CompleteSpec();
        if (LostNodes.Vouched(observed) is { } vouched)
            return new(observed.Status, new InstanceAction.DeletePod(vouched, AtOnce: true));
        if (observed.Instance.IsDeleting)
            return Deleting(observed);
        if (InstancePhase.IsFinal(observed.Status.Phase))
            return Ended(observed);
        if (!observed.Instance.Metadata.HasFinalizer(FinalizerNames.Instance))
            return new(observed.Status, new InstanceAction.AddFinalizer());
        if (InstanceValidation.Errors(observed.Instance, spec) is { Count: > 0 } errors)
            return Invalid(observed, errors);
        IReadOnlyList<UnsupportedField> unsupported = [.. UnsupportedFields.Of(spec), .. observed.Networks.NotActedOn];
        return unsupported.Any(field => field.Essential) ? Unsupported(observed, unsupported) : Living(Resolving(Reporting(observed, unsupported)));
    }

    /// <summary>The status of an instance whose plan its node will never accept.</summary>
    public static VirtualMachineInstanceStatus Refused(VirtualMachineInstance instance, string why, DateTimeOffset now) =>
        Failed(new InstanceObservation { Instance = instance, Now = now }, "NodeRefused", why) with { ActivePods = instance.Status?.ActivePods };

    private InstanceStep Living(InstanceObservation observed) => observed.CurrentPod switch
    {
        _ when observed.CurrentMachine is { Phase: MachinePhase.Stopped or MachinePhase.Failed } && !observed.IsMoving => Finished(observed),
        null => WithoutPod(observed),
        { IsActive: false } pod => PodEnded(observed, pod),
        { IsBound: false } pod => Scheduling(observed, pod),
        var pod => OnNode(observed, pod, pod.Spec!.NodeName!),
    };

    private InstanceStep WithoutPod(InstanceObservation observed)
    {
        if (observed.IsMoving)
            return Waiting(observed);
        if (observed.Status.Phase is not (null or "" or InstancePhase.Pending or InstancePhase.Scheduling))
            return Waiting(observed, Failed(observed, observed.LostNodes.Contains(observed.Status.NodeName ?? "") ? "NodeUnresponsive" : "PodLost", $"pod {observed.CurrentPodName} is gone"));
        return Problem(observed) is { } problem
            ? Waiting(observed, Unresolved(Pending(observed), problem, observed.Now))
            : new(Pending(observed), new InstanceAction.CreatePod(pods.First(observed.Instance, observed.Claims)));
    }

    // The pod may end before the node has told how the guest ended; a node that can be asked has the last word.
    private static InstanceStep PodEnded(InstanceObservation observed, Pod pod)
    {
        if (observed.IsMoving || observed.CurrentMachine.Phase is MachinePhase.Moved)
            return Waiting(observed);
        if (pod.IsDeleting && !pod.IsFinished && observed.CurrentMachine.Machine is not null)
            return Waiting(observed, Running(observed, pod));
        if (LostNodes.IsUnconfirmed(observed, pod))
            return Waiting(observed, LostNodes.Unreachable(observed, pod));
        return pod.Status?.Phase == "Succeeded"
            ? Waiting(observed, InPhase(observed, InstancePhase.Succeeded) with { Reason = null, Conditions = NotReady(observed, "PodCompleted", pod.Ending) })
            : Waiting(observed, Failed(observed, "PodFailed", pod.Ending));
    }

    private static InstanceStep Scheduling(InstanceObservation observed, Pod pod)
    {
        var (reason, message) = pod.Unschedulable is { } why ? ("Unschedulable", why) : ("GuestNotRunning", $"pod {pod.Metadata.Name} waits for a node");
        return Waiting(observed, InPhase(observed, InstancePhase.Scheduling) with
        {
            ActivePods = ActivePods(observed),
            Conditions = NotReady(observed, reason, message),
        });
    }

    private static InstanceStep OnNode(InstanceObservation observed, Pod pod, string node)
    {
        var machine = observed.CurrentMachine;
        var status = observed.CurrentMachine.Phase switch
        {
            MachinePhase.Running or MachinePhase.Paused => Running(observed, pod),
            _ when observed.Status.Phase is InstancePhase.Running && !machine.IsKnown && observed.LostNodes.Contains(node) => LostNodes.Unreachable(observed, pod),
            _ when observed.Status.Phase is InstancePhase.Running => observed.Status with { ActivePods = ActivePods(observed) },
            _ => Scheduled(observed, pod, node),
        };
        if (machine.IsAbsent && !observed.IsMoving)
        {
            return Problem(observed) is { } problem
                ? Waiting(observed, Unresolved(status, problem, observed.Now))
                : new(status, new InstanceAction.EnsureMachine(node, MachinePlans.Starting(observed.Instance, pod, observed.Networks, observed.Claims)));
        }
        if (observed.Instance.Metadata.Label(Labels.NodeName) != status.NodeName)
            return new(status, new InstanceAction.LabelNode(status.NodeName ?? node));
        return new(status, Pausing(observed, node) ?? Live(observed, pod)?.Next() ?? new InstanceAction.Wait());
    }

    // While it moves its vCPUs are the migration's.
    private static InstanceAction? Pausing(InstanceObservation observed, string node) =>
        observed is { IsMigrating: false, CurrentMachine.Machine: { Phase: MachinePhase.Running or MachinePhase.Paused } machine } && machine.Paused != observed.Instance.IsToPause
            ? new InstanceAction.SetPaused(node, machine.Id, !machine.Paused)
            : null;

    // The NICs of a guest that is here, or about to be.
    private static LiveNetworks? Live(InstanceObservation observed, Pod pod) =>
        observed.CurrentMachine.Machine is { Plan: not null, Phase: MachinePhase.Planned or MachinePhase.Starting or MachinePhase.Running or MachinePhase.Paused } machine
            ? new LiveNetworks(observed, pod, machine)
            : null;

    private static NetworkProblem? Problem(InstanceObservation observed) =>
        DiskObservations.Problem(observed.Instance, observed.Claims) ?? InstanceNetworks.Of(observed.Instance, []).Select(guest => observed.Networks.Problems.GetValueOrDefault(guest.Name)).FirstOrDefault(problem => problem is not null);

    private static VirtualMachineInstanceStatus Unresolved(VirtualMachineInstanceStatus status, NetworkProblem problem, DateTimeOffset now) => status with
    {
        Conditions = status.Conditions
            .With(new Condition { Type = InstanceCondition.Ready, Status = Condition.False, Reason = problem.Reason, Message = problem.Message }, now)
            .With(Synchronized(false, problem.Reason, problem.Message), now),
    };

    // What could not be put into effect before the guest ran, and now can.
    private static InstanceObservation Resolving(InstanceObservation observed)
    {
        var status = observed.Status;
        if (status.Phase == InstancePhase.Running || status.Conditions.Find(InstanceCondition.Synchronized)?.Status != Condition.False)
            return observed;
        return observed with { Instance = observed.Instance with { Status = status with { Conditions = status.Conditions?.Without(InstanceCondition.Synchronized) } } };
    }

    private static InstanceStep Finished(InstanceObservation observed)
    {
        var machine = observed.CurrentMachine.Machine!;
        var status = machine.Phase == MachinePhase.Stopped
            ? InPhase(observed, InstancePhase.Succeeded) with { Reason = null, Conditions = NotReady(observed, "GuestNotRunning", "the guest shut down") }
            : Failed(observed, "GuestFailed", machine.Reason);
        return Waiting(observed, status);
    }

    // What ended leaves nothing on its node but the pod's log.
    private static InstanceStep Ended(InstanceObservation observed)
    {
        var status = observed.Status with { ActivePods = ActivePods(observed) };
        var left = observed.Pods.FirstOrDefault(pod => observed.MachineOf(pod).Machine is not null);
        if (left is not null && !observed.IsMoving)
            return new(status, new InstanceAction.DeleteMachine(left.Spec!.NodeName!, left.Uid));
        return Waiting(observed, status);
    }

    // A migration in flight is given up first, so that one node alone has the guest; one that nobody can decide
    // does not hold the deletion up: both sides go.
    private static InstanceStep Deleting(InstanceObservation observed)
    {
        var status = Leaving(observed) with { ActivePods = ActivePods(observed) };
        if (!observed.Instance.Metadata.HasFinalizer(FinalizerNames.Instance))
            return new(status, new InstanceAction.Wait());
        if (observed.IsMigrationToEnd)
            return new(status, new InstanceAction.Wait());
        if (observed.Pods.FirstOrDefault(pod => observed.MachineOf(pod).Machine is not null) is { } running)
            return new(status, new InstanceAction.DeleteMachine(running.Spec!.NodeName!, running.Uid) { Grace = Grace(observed.Instance) });
        if (observed.Pods.FirstOrDefault(pod => !pod.IsDeleting) is { } pod)
            return new(status, new InstanceAction.DeletePod(pod));
        return new(status, observed.Pods.Count == 0 ? new InstanceAction.RemoveFinalizer() : new InstanceAction.Wait());
    }

    // The guest is asked to shut down, and is not to be sent anything meanwhile.
    private static VirtualMachineInstanceStatus Leaving(InstanceObservation observed)
    {
        if (observed.Status.Phase != InstancePhase.Running)
            return observed.Status;
        return observed.Pods.All(pod => observed.MachineOf(pod).IsAbsent)
            ? InPhase(observed, InstancePhase.Succeeded) with { Reason = null, Conditions = NotReady(observed, "GuestNotRunning", "the guest was shut down") }
            : observed.Status with { Conditions = NotReady(observed, "PodTerminating", "the guest is being shut down") };
    }

    // As the spec has it now: whoever cannot wait makes it shorter.
    private static TimeSpan Grace(VirtualMachineInstance instance) => TimeSpan.FromSeconds(instance.CompleteSpec().TerminationGracePeriodSeconds ?? 0);

    private static InstanceStep Invalid(InstanceObservation observed, IReadOnlyList<string> errors)
    {
        var message = string.Join("; ", errors);
        return Waiting(observed, Failed(observed, "Invalid", message) with
        {
            Conditions = NotReady(observed, "Invalid", message).With(Synchronized(false, "Invalid", message), observed.Now),
        });
    }

    private static InstanceStep Unsupported(InstanceObservation observed, IReadOnlyList<UnsupportedField> fields)
    {
        var message = "not supported yet: " + string.Join(", ", fields.Where(field => field.Essential).Select(field => field.Path));
        var reported = Reporting(observed, fields);
        return Waiting(observed, Pending(reported) with
        {
            Conditions = NotReady(reported, "NotSupported", message).With(Synchronized(false, "NotSupported", message), observed.Now),
        });
    }

    private static InstanceObservation Reporting(InstanceObservation observed, IReadOnlyList<UnsupportedField> fields)
    {
        var status = observed.Status;
        var conditions = fields.Count == 0
            ? status.Conditions?.Without(InstanceCondition.FieldsNotActedOn)
            : status.Conditions.With(
                new Condition
                {
                    Type = InstanceCondition.FieldsNotActedOn,
                    Status = Condition.True,
                    Reason = "NotSupported",
                    Message = string.Join(", ", fields.Select(field => field.Path)),
                },
                observed.Now);
        return observed with { Instance = observed.Instance with { Status = status with { Conditions = conditions } } };
    }

    private static VirtualMachineInstanceStatus Pending(InstanceObservation observed) => InPhase(observed, InstancePhase.Pending) with
    {
        Conditions = NotReady(observed, "GuestNotRunning", "the guest was not started yet"),
    };

    private static VirtualMachineInstanceStatus Scheduled(InstanceObservation observed, Pod pod, string node)
    {
        var (reason, message) = pod.WaitingReason is { } why
            ? ("PodNotReady", $"pod {pod.Metadata.Name}: {why}")
            : ("GuestNotRunning", observed.CurrentMachine.Machine?.Reason is { Length: > 0 } told ? $"node {node}: {told}" : $"node {node} gets the guest ready");
        var conditions = NotReady(observed, reason, message);
        return InPhase(observed, InstancePhase.Scheduled) with
        {
            NodeName = node,
            ActivePods = ActivePods(observed),
            // In the runtime's word, which is what a virtual machine's printable status repeats.
            Conditions = pod.ImageProblem is { } problem ? conditions.With(Synchronized(false, problem, message), observed.Now) : conditions,
        };
    }

    private static VirtualMachineInstanceStatus Running(InstanceObservation observed, Pod pod)
    {
        var machine = observed.CurrentMachine.Machine!;
        var domain = observed.Instance.CompleteSpec().Domain;
        return InPhase(observed, InstancePhase.Running) with
        {
            Reason = null,
            NodeName = pod.Spec!.NodeName,
            ActivePods = ActivePods(observed),
            Interfaces = InterfaceObservations.Of(observed.Instance, pod, machine),
            Machine = machine.MachineType is { Length: > 0 } type ? new MachineType { Type = type } : observed.Status.Machine,
            CurrentCPUTopology = new CpuTopology { Sockets = (int)machine.Plan.Sockets, Cores = (int)machine.Plan.Cores, Threads = (int)machine.Plan.Threads },
            Memory = new MemoryObservation { GuestAtBoot = domain.Memory?.Guest, GuestCurrent = domain.Memory?.Guest, GuestRequested = domain.Memory?.Guest },
            MigrationMethod = "LiveMigration",
            MigrationTransport = "Unix",
            VolumeStatus = DiskObservations.Of(observed.Instance.CompleteSpec(), observed.Claims, observed.Status.VolumeStatus),
            RuntimeUser = pod.Spec.SecurityContext?.RunAsUser,
            Conditions = NetworkConditions(observed, Live(observed, pod), RunningConditions(observed, machine, Live(observed, pod)?.Waiting())),
        };
    }

    private static IReadOnlyList<Condition> RunningConditions(InstanceObservation observed, Machine machine, NetworkProblem? waiting)
    {
        // A guest that is stopped for its switch-over is not a guest that somebody paused.
        var paused = machine.Phase == MachinePhase.Paused && !observed.IsMoving;
        var conditions = observed.Status.Conditions
            .With(
                paused
                    ? new Condition { Type = InstanceCondition.Ready, Status = Condition.False, Reason = "GuestPaused", Message = "the guest is paused" }
                    : new Condition { Type = InstanceCondition.Ready, Status = Condition.True },
                observed.Now)
            .With(Synchronized(waiting is null, waiting?.Reason, waiting?.Message), observed.Now)
            .With(Migratable(InstanceCondition.LiveMigratable, observed), observed.Now)
            .With(Migratable(InstanceCondition.StorageLiveMigratable, observed), observed.Now);
        return paused
            ? conditions.With(new Condition { Type = InstanceCondition.Paused, Status = Condition.True, Reason = machine.Paused ? "PausedByUser" : "PausedIOError", Message = machine.Reason }, observed.Now)
            : conditions.Without(InstanceCondition.Paused);
    }

    // What was observed when the guest was started counts: a claim that is gone by now is still in use.
    private static Condition Migratable(string type, InstanceObservation observed) =>
        DiskObservations.Obstacle(observed.Instance.CompleteSpec(), InstanceClaims.Of(
            new VirtualMachineInstanceStatus { VolumeStatus = DiskObservations.Of(observed.Instance.CompleteSpec(), observed.Claims, observed.Status.VolumeStatus) })) is { } obstacle
            ? new Condition { Type = type, Status = Condition.False, Reason = "DisksNotLiveMigratable", Message = obstacle }
            : new Condition { Type = type, Status = Condition.True };

    private static IReadOnlyList<Condition> NetworkConditions(InstanceObservation observed, LiveNetworks? live, IReadOnlyList<Condition> conditions)
    {
        var restart = Naming(conditions, InstanceCondition.RestartRequired, "takes effect with a restart: ", live?.RestartRequired() ?? [], observed.Now);
        return Naming(restart, InstanceCondition.MigrationRequired, "takes effect with a migration: ", live?.MigrationRequired() ?? [], observed.Now);
    }

    private static IReadOnlyList<Condition> Naming(IReadOnlyList<Condition> conditions, string type, string what, IReadOnlyList<string> fields, DateTimeOffset now) =>
        fields.Count == 0
            ? conditions.Without(type)
            : conditions.With(new Condition { Type = type, Status = Condition.True, Reason = "NotLive", Message = what + string.Join(", ", fields) }, now);

    private static VirtualMachineInstanceStatus Failed(InstanceObservation observed, string reason, string message) =>
        InPhase(observed, InstancePhase.Failed) with
        {
            Reason = reason,
            ActivePods = ActivePods(observed),
            Conditions = NotReady(observed, reason, message),
        };

    private static VirtualMachineInstanceStatus InPhase(InstanceObservation observed, string phase) => observed.Status with
    {
        Phase = phase,
        PhaseTransitionTimestamps = observed.Status.PhaseTransitionTimestamps.Entered(phase, observed.Now),
    };

    private static IReadOnlyList<Condition> NotReady(InstanceObservation observed, string reason, string message) => observed.Status.Conditions.With(
        new Condition { Type = InstanceCondition.Ready, Status = Condition.False, Reason = reason, Message = message }, observed.Now);

    private static Condition Synchronized(bool value, string? reason, string? message) =>
        new() { Type = InstanceCondition.Synchronized, Status = value ? Condition.True : Condition.False, Reason = reason, Message = message };

    // Where the guest is, and where it is about to be. A pod that it left, or never reached, goes away by itself.
    private static Dictionary<string, string>? ActivePods(InstanceObservation observed)
    {
        var active = observed.Pods
            .Where(pod => pod.IsActive && pod.IsBound && (pod.Metadata.Name == observed.CurrentPodName || pod.Metadata.Name == observed.ArrivalPodName))
            .OrderBy(pod => pod.Uid, StringComparer.Ordinal)
            .ToDictionary(pod => pod.Uid, pod => pod.Spec!.NodeName!);
        return active.Count == 0 ? null : active;
    }

    private static InstanceStep Waiting(InstanceObservation observed, VirtualMachineInstanceStatus? status = null) =>
        new(status ?? observed.Status, new InstanceAction.Wait());
}
