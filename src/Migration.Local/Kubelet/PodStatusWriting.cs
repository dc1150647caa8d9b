using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>A pod's status as the kubelet reports it.</summary>
internal static class PodStatusWriting
{
    private const int MessageSize = 2048;

    public static PodStatus Of(RunningPod running, Pod pod, string hostAddress, DateTimeOffset now)
    {
        var before = pod.Status;
        var phase = Phase(running);
        return (before ?? new PodStatus()) with
        {
            Phase = phase,
            Reason = null,
            Message = null,
            HostIp = hostAddress,
            HostIps = [new PodIp { Ip = hostAddress }],
            PodIp = running.Addresses.Count > 0 ? running.Addresses[0] : null,
            PodIps = [.. running.Addresses.Select(address => new PodIp { Ip = address })],
            StartTime = before?.StartTime ?? running.Started,
            QosClass = before?.QosClass ?? "Burstable",
            InitContainerStatuses = running.InitContainers.Any() ? [.. running.InitContainers.Select(container => StatusOf(container, "PodInitializing"))] : null,
            ContainerStatuses = [.. running.MainContainers.Select(container => StatusOf(container, running.IsInitialized ? "ContainerCreating" : "PodInitializing"))],
            Conditions = Conditions(running, pod, phase, now),
        };
    }

    /// <summary>A pod whose network could not be made, and why: what <c>kubectl get pods</c> shows as its status.</summary>
    public static PodStatus Waiting(Pod pod, string hostAddress, string reason, string message, DateTimeOffset now) =>
        (pod.Status ?? new PodStatus()) with
        {
            Phase = "Pending",
            HostIp = hostAddress,
            StartTime = pod.Status?.StartTime ?? now,
            ContainerStatuses =
            [
                .. (pod.Spec?.Containers ?? []).Select(container => new ContainerStatus
                {
                    Name = container.Name,
                    Image = container.Image,
                    ImageId = "",
                    Ready = false,
                    RestartCount = 0,
                    State = new ContainerState { Waiting = new ContainerWaiting { Reason = reason, Message = message } },
                }),
            ],
            Conditions = pod.Status?.Conditions
                .With(NotReady("ContainersReady", "ContainersNotReady", message), now).With(NotReady("Ready", "ContainersNotReady", message), now)
                ?? [NotReady("ContainersReady", "ContainersNotReady", message) with { LastTransitionTime = now }, NotReady("Ready", "ContainersNotReady", message) with { LastTransitionTime = now }],
        };

    /// <summary>
    /// A pod that is not to be restarted and whose processes went with the node they ran on: what a kubelet says after a reboot.
    /// </summary>
    public static PodStatus Lost(Pod pod, DateTimeOffset now) => pod.Status! with
    {
        Phase = "Failed",
        ContainerStatuses = [.. (pod.Status.ContainerStatuses ?? []).Select(container => container with
        {
            Ready = false,
            Started = false,
            State = container.State?.Terminated is null
                ? new ContainerState
                {
                    Terminated = new ContainerTerminated
                    {
                        ExitCode = 137,
                        Reason = "ContainerStatusUnknown",
                        Message = "The container could not be located when the pod was terminated",
                        FinishedAt = now,
                    },
                }
                : container.State,
        })],
        Conditions = pod.Status.Conditions.With(NotReady("ContainersReady", "PodFailed", null), now).With(NotReady("Ready", "PodFailed", null), now),
    };

    public static ContainerTerminated TerminationOf(RunningContainer run)
    {
        var code = run.ExitCode ?? 0;
        return new ContainerTerminated
        {
            ExitCode = code,
            Signal = code > 128 ? code - 128 : null,
            Reason = code == 0 ? "Completed" : "Error",
            Message = code != 0 && run.Container.TerminationMessagePolicy == "FallbackToLogsOnError" ? PodLog.Tail(run.LogFile, MessageSize) : null,
            StartedAt = run.Started,
            FinishedAt = run.Ended,
            ContainerId = $"process://{run.ProcessId}",
        };
    }

    private static string Phase(RunningPod running)
    {
        if (running.HasFailed)
            return "Failed";
        if (running.HasFinished)
            return "Succeeded";
        // Once it ran it is never pending again.
        return running.MainContainers.Any(container => container.Run is not null) ? "Running" : "Pending";
    }

    private static IReadOnlyList<Condition> Conditions(RunningPod running, Pod pod, string phase, DateTimeOffset now)
    {
        var conditions = pod.Status?.Conditions.With(Initialized(running), now) ?? [Initialized(running) with { LastTransitionTime = now }];
        var containers = ContainersReady(running, phase);
        return conditions.With(containers, now).With(Ready(containers, pod, conditions), now);
    }

    private static Condition Initialized(RunningPod running) => running.IsInitialized
        ? new Condition { Type = "Initialized", Status = Condition.True }
        : NotReady("Initialized", "ContainersNotInitialized", $"containers with incomplete status: [{Names(running.InitContainers.Where(container => !container.HasSucceeded))}]");

    private static Condition ContainersReady(RunningPod running, string phase)
    {
        if (phase is "Succeeded" or "Failed")
            return NotReady("ContainersReady", phase == "Succeeded" ? "PodCompleted" : "PodFailed", null);
        var unready = running.MainContainers.Concat(running.InitContainers.Where(container => container.IsSidecar)).Where(container => !container.IsReady).ToList();
        return unready.Count == 0
            ? new Condition { Type = "ContainersReady", Status = Condition.True }
            : NotReady("ContainersReady", "ContainersNotReady", $"containers with unready status: [{Names(unready)}]");
    }

    /// <summary>Ready is what containers and readiness gates together make of it.</summary>
    private static Condition Ready(Condition containers, Pod pod, IReadOnlyList<Condition> conditions)
    {
        if (containers.Status != Condition.True)
            return containers with { Type = "Ready" };
        var closed = (pod.Spec?.ReadinessGates ?? []).Where(gate => !conditions.IsTrue(gate.ConditionType ?? "")).ToList();
        return closed.Count == 0
            ? new Condition { Type = "Ready", Status = Condition.True }
            : NotReady("Ready", "ReadinessGatesNotReady", string.Join(", ", closed.Select(gate => conditions.Find(gate.ConditionType ?? "") is { } condition
                ? $"the status of pod readiness gate \"{gate.ConditionType}\" is not \"True\", but {condition.Status}"
                : $"corresponding condition of pod readiness gate \"{gate.ConditionType}\" does not exist.")));
    }

    private static Condition NotReady(string type, string reason, string? message) => new() { Type = type, Status = Condition.False, Reason = reason, Message = message };

    private static string Names(IEnumerable<PodContainer> containers) => string.Join(' ', containers.Select(container => container.Spec.Name));

    private static ContainerStatus StatusOf(PodContainer container, string notBegun) => new()
    {
        Name = container.Spec.Name,
        Image = container.Spec.Image,
        ImageId = container.Run is null ? "" : $"directory://{container.Spec.Image}",
        ContainerId = container.Run is { } run ? $"process://{run.ProcessId}" : null,
        RestartCount = container.Restarts,
        // An init container that is done was ready for what it was for.
        Ready = container is { IsInit: true, IsSidecar: false } ? container.HasSucceeded : container.IsReady,
        Started = container.IsStarted,
        State = StateOf(container, notBegun),
        LastState = LastOf(container) is { } last ? new ContainerState { Terminated = last } : new ContainerState(),
    };

    private static ContainerState StateOf(PodContainer container, string notBegun) => container switch
    {
        { IsRunning: true } => new ContainerState { Running = new ContainerRunning { StartedAt = container.Run!.Started } },
        { Obstacle: { } obstacle } => new ContainerState { Waiting = obstacle },
        { HasEnded: true } => new ContainerState { Terminated = TerminationOf(container.Run!) },
        _ => new ContainerState { Waiting = new ContainerWaiting { Reason = notBegun } },
    };

    /// <summary>While it waits for its next run, the one that just ended is the last.</summary>
    private static ContainerTerminated? LastOf(PodContainer container) =>
        container is { HasEnded: true, Obstacle: not null } ? TerminationOf(container.Run!) : container.Before;
}
