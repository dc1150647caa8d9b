using Migration.Kubernetes;

namespace Migration.Local.Kubelet;

/// <summary>A pod's status as the kubelet reports it.</summary>
internal static class PodStatusWriting
{
    public static PodStatus Of(RunningPod running, PodStatus? before, string hostAddress, DateTimeOffset now)
    {
        var phase = Phase(running);
        var ready = phase == "Running" && running.Containers.All(container => container.ExitCode is null);
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
            ContainerStatuses = [.. running.Containers.Select(StatusOf)],
            Conditions = WithReadiness(before?.Conditions, ready, phase, now),
        };
    }

    /// <summary>A pod whose containers could not be started, and why: what <c>kubectl get pods</c> shows as its status.</summary>
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
            Conditions = WithReadiness(pod.Status?.Conditions, ready: false, "Pending", now),
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
        Conditions = WithReadiness(pod.Status.Conditions, ready: false, "Failed", now),
    };

    private static string Phase(RunningPod running)
    {
        if (running.Containers.Any(container => container.ExitCode is null))
            return "Running";
        return running.Containers.All(container => container.ExitCode == 0) ? "Succeeded" : "Failed";
    }

    private static IReadOnlyList<Condition> WithReadiness(IReadOnlyList<Condition>? before, bool ready, string phase, DateTimeOffset now)
    {
        var reason = phase is "Succeeded" or "Failed" ? "PodCompleted" : ready ? null : "ContainersNotReady";
        Condition Of(string type) => new() { Type = type, Status = ready ? Condition.True : Condition.False, Reason = reason };
        return before.With(new Condition { Type = "Initialized", Status = Condition.True }, now)
            .With(Of("ContainersReady"), now)
            .With(Of("Ready"), now);
    }

    private static ContainerStatus StatusOf(RunningContainer running) => new()
    {
        Name = running.Container.Name,
        Image = running.Container.Image,
        ImageId = $"directory://{running.Container.Image}",
        ContainerId = $"process://{running.ProcessId}",
        RestartCount = 0,
        Ready = running.ExitCode is null,
        Started = running.ExitCode is null,
        State = running.ExitCode is { } code
            ? new ContainerState
            {
                Terminated = new ContainerTerminated
                {
                    ExitCode = code,
                    Signal = code > 128 ? code - 128 : null,
                    Reason = code == 0 ? "Completed" : "Error",
                    StartedAt = running.Started,
                    FinishedAt = running.Ended,
                    ContainerId = $"process://{running.ProcessId}",
                },
            }
            : new ContainerState { Running = new ContainerRunning { StartedAt = running.Started } },
    };
}
