using Migration.Api;
using Migration.Kubernetes;

namespace Migration.Controllers.VirtualMachines;

/// <summary>
/// The life of a virtual machine as a pure function: what is observed → what the status says and what to do next.
/// </summary>
/// <remarks>
/// Requests are taken from the front of status.stateChangeRequests and dropped when they are fulfilled: a stop when the
/// instance that it means is gone, a start when there is an instance that has not ended.
/// </remarks>
public static class VirtualMachinePlan
{
    public static VirtualMachineStep Next(VirtualMachineObservation observed)
    {
        var (status, action) = Decide(Reported(observed));
        return new(VirtualMachineReport.Of(observed, status, action), action);
    }

    private static VirtualMachineStep Decide(VirtualMachineObservation observed)
    {
        var machine = observed.Machine;
        if (machine.IsDeleting)
            return new(observed.Status, Deleting(observed));
        if (!machine.Metadata.HasFinalizer(FinalizerNames.VirtualMachine))
            return new(observed.Status, new VirtualMachineAction.AddFinalizer());
        if (Obstacle(observed) is { } obstacle)
            return new(Failing(observed, obstacle.Reason, obstacle.Message), new VirtualMachineAction.Wait());
        if (observed is { IsStray: true, Instance: { } stray })
            return new(observed.Status, stray.IsDeleting ? new VirtualMachineAction.Wait() : new VirtualMachineAction.Adopt(stray, MadeInstance.Adopted(machine, stray)));
        return observed.Own is { } instance ? With(observed, instance) : Without(observed);
    }

    // With --cascade=orphan the instance stays; the garbage collector takes our name off it.
    private static VirtualMachineAction Deleting(VirtualMachineObservation observed) => observed switch
    {
        _ when !observed.Machine.Metadata.HasFinalizer(FinalizerNames.VirtualMachine) => new VirtualMachineAction.Wait(),
        _ when observed.Machine.Metadata.HasFinalizer(FinalizerNames.Orphan) => new VirtualMachineAction.RemoveFinalizer(),
        { Own: { IsDeleting: false } instance } => new VirtualMachineAction.DeleteInstance(instance, "the virtual machine is deleted"),
        { Own: not null } => new VirtualMachineAction.Wait(),
        _ => new VirtualMachineAction.RemoveFinalizer(),
    };

    private static (string Reason, string Message)? Obstacle(VirtualMachineObservation observed)
    {
        if (VirtualMachineValidation.Errors(observed.Machine) is { Count: > 0 } errors)
            return ("Invalid", string.Join("; ", errors));
        if (VirtualMachineReport.NotActedOn(observed.Machine).Where(field => field.Essential).Select(field => field.Path).ToList() is { Count: > 0 } fields)
            return ("NotSupported", "not supported yet: " + string.Join(", ", fields));
        return observed is { Instance.Metadata.ControllingOwner: { } owner, Own: null }
            ? ("NotOwned", $"instance {observed.Instance.Metadata.Name} belongs to {owner.Kind} {owner.Name} ({owner.Uid})")
            : null;
    }

    private static VirtualMachineStep With(VirtualMachineObservation observed, VirtualMachineInstance instance)
    {
        var status = observed.Status with
        {
            RunStrategy = observed.Machine.RunStrategy,
            Conditions = observed.Status.Conditions?.Without(VirtualMachineCondition.Failure),
        };
        if (instance.IsDeleting)
            return new(status, new VirtualMachineAction.Wait());
        if (Ending(observed, instance) is { } why)
            return new(IsRerun(observed, instance) ? Starting(status) : status, new VirtualMachineAction.DeleteInstance(instance, why));
        if (InstancePhase.IsFinal(instance.Status?.Phase))
            return new(status, new VirtualMachineAction.Wait());
        return new(status, LiveTemplate.Next(observed.Machine, instance) ?? new VirtualMachineAction.Wait());
    }

    // Why the instance is to go, or null.
    private static string? Ending(VirtualMachineObservation observed, VirtualMachineInstance instance)
    {
        var (first, phase) = (First(observed.Status), instance.Status?.Phase);
        if (first?.Action == StateChangeRequest.Stop)
            return first.Uid is null || first.Uid == instance.Metadata.Uid ? "a stop was asked for" : null;
        if (first?.Action == StateChangeRequest.Start && InstancePhase.IsFinal(phase))
            return "a start was asked for";
        return observed.Machine.RunStrategy switch
        {
            RunStrategy.Always when InstancePhase.IsFinal(phase) => $"it is {phase}, and is to run always",
            RunStrategy.RerunOnFailure when phase == InstancePhase.Failed => "it failed, and is to be run again",
            RunStrategy.Halted => "the virtual machine is to be halted",
            _ => null,
        };
    }

    // That it is to run again is written down before the one that failed goes: with it goes the only evidence.
    private static bool IsRerun(VirtualMachineObservation observed, VirtualMachineInstance instance) =>
        observed.Machine.RunStrategy == RunStrategy.RerunOnFailure && instance.Status?.Phase == InstancePhase.Failed && First(observed.Status) is null;

    private static VirtualMachineStatus Starting(VirtualMachineStatus status) => status with { StateChangeRequests = [new StateChangeRequest { Action = StateChangeRequest.Start }] };

    private static VirtualMachineStep Without(VirtualMachineObservation observed)
    {
        var strategy = observed.Machine.RunStrategy;
        if (!IsToStart(observed))
        {
            return new(
                observed.Status with { RunStrategy = strategy, StartFailure = null, Conditions = observed.Status.Conditions?.Without(VirtualMachineCondition.Failure) },
                new VirtualMachineAction.Wait());
        }
        if (strategy == RunStrategy.Halted)
            return new(observed.Status, new VirtualMachineAction.Update(observed.Machine with { Spec = AlwaysRunning(observed.Machine.Spec) }));
        if (strategy != RunStrategy.Manual && observed.Status.StartFailure?.RetryAfterTimestamp is { } retry && retry > observed.Now)
            return new(observed.Status, new VirtualMachineAction.WaitUntil(retry));
        var status = strategy is RunStrategy.Once or RunStrategy.RerunOnFailure ? observed.Status : observed.Status with { RunStrategy = strategy };
        return new(status, new VirtualMachineAction.CreateInstance(MadeInstance.Of(observed.Machine)));
    }

    // In the words of who wrote it, so that applying the old manifest again is still possible.
    private static VirtualMachineSpec AlwaysRunning(VirtualMachineSpec spec) => spec.Running is null ? spec with { RunStrategy = RunStrategy.Always } : spec with { Running = true };

    private static bool IsToStart(VirtualMachineObservation observed) => observed.Machine.RunStrategy switch
    {
        RunStrategy.Always => true,
        RunStrategy.Once => observed.Status.RunStrategy != RunStrategy.Once,
        RunStrategy.RerunOnFailure when observed.Status.RunStrategy != RunStrategy.RerunOnFailure => true,
        _ => First(observed.Status)?.Action == StateChangeRequest.Start,
    };

    private static StateChangeRequest? First(VirtualMachineStatus status) => status.StateChangeRequests?.FirstOrDefault();

    private static VirtualMachineStatus Failing(VirtualMachineObservation observed, string reason, string message) => observed.Status with
    {
        Conditions = observed.Status.Conditions.With(
            new Condition { Type = VirtualMachineCondition.Failure, Status = Condition.True, Reason = reason, Message = message }, observed.Now),
    };

    // With requests that are fulfilled dropped, and failures counted.
    private static VirtualMachineObservation Reported(VirtualMachineObservation observed) => observed with
    {
        Machine = observed.Machine with
        {
            Status = observed.Status with
            {
                StateChangeRequests = Outstanding(observed.Status.StateChangeRequests, observed.Own),
                StartFailure = StartBackoff.After(observed.Status.StartFailure, observed.Own, observed.Now),
            },
        },
    };

    private static IReadOnlyList<StateChangeRequest>? Outstanding(IReadOnlyList<StateChangeRequest>? requests, VirtualMachineInstance? instance)
    {
        var left = (requests ?? []).SkipWhile(request => request.Action != StateChangeRequest.Start && IsStopped(request, instance)).ToList();
        if (left is [{ Action: StateChangeRequest.Start }, ..] && instance is { IsDeleting: false } && !InstancePhase.IsFinal(instance.Status?.Phase))
            left.RemoveAt(0);
        return left.Count == 0 ? null : left;
    }

    // What is neither a stop nor a start nobody could fulfil.
    private static bool IsStopped(StateChangeRequest request, VirtualMachineInstance? instance) =>
        request.Action != StateChangeRequest.Stop || instance is null || (request.Uid is not null && request.Uid != instance.Metadata.Uid);
}
