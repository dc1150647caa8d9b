using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>The columns of pods. STATUS is not the phase but the most telling of phase, reasons and container states.</summary>
internal static class PodColumns
{
    public static IReadOnlyList<PrinterColumn> All { get; } =
    [
        BuiltInColumns.Name,
        new("Ready", "string", "", "The aggregate readiness state of this pod for accepting traffic.", 0, (root, _) => Ready(root)),
        new("Status", "string", "", "The aggregate status of the containers in this pod.", 0, (root, _) => Status(root)),
        new("Restarts", "string", "", "The number of times the containers in this pod have been restarted and when the last container in this pod has restarted.", 0, Restarts),
        BuiltInColumns.Age,
        new("IP", "string", "", "IP address allocated to the pod.", 1, (root, _) => root.Text("status", "podIP") ?? "<none>"),
        new("Node", "string", "", "NodeName is the node this pod is scheduled to.", 1, (root, _) => root.Text("spec", "nodeName") ?? "<none>"),
        new("Nominated Node", "string", "", "The node a preemption made room on for this pod.", 1,
            (root, _) => root.Text("status", "nominatedNodeName") is { Length: > 0 } node ? node : "<none>"),
        new("Readiness Gates", "string", "", "Conditions that are part of the pod's readiness.", 1, (root, _) => Gates(root)),
    ];

    private static string Ready(JsonElement pod)
    {
        var statuses = pod.Items("status", "containerStatuses");
        var ready = statuses.Count(s => s.Flag("ready"));
        return $"{ready}/{pod.Items("spec", "containers").Count}";
    }

    private static JsonNode? Restarts(JsonElement pod, DateTimeOffset now)
    {
        var statuses = pod.Items("status", "containerStatuses");
        var count = statuses.Sum(s => s.Number("restartCount"));
        var last = statuses.Select(s => s.Text("lastState", "terminated", "finishedAt")).Where(t => t is not null).Max(StringComparer.Ordinal);
        return count > 0 && last is not null ? $"{count} ({Timestamps.Age(last, now)} ago)" : count.ToString(CultureInfo.InvariantCulture);
    }

    private static string Status(JsonElement pod)
    {
        if (InitStatus(pod) is { } initialising && !IsDeleting(pod))
            return initialising;
        var status = pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
        var running = false;
        foreach (var container in pod.Items("status", "containerStatuses").Reverse())
        {
            if (container.Text("state", "waiting", "reason") is { Length: > 0 } waiting)
                status = waiting;
            else if (container.Find("state", "terminated") is { } ended)
                status = Ending(ended);
            else if (container.Flag("ready") && container.Find("state", "running") is not null)
                running = true;
        }
        // A pod with a running container is not completed because another one is.
        if (status == "Completed" && running)
            status = HasReadyCondition(pod) ? "Running" : "NotReady";
        if (!IsDeleting(pod))
            return status;
        return pod.Text("status", "reason") == "NodeLost" ? "Unknown" : pod.Text("status", "phase") is "Succeeded" or "Failed" ? status : "Terminating";
    }

    private static string? InitStatus(JsonElement pod)
    {
        var statuses = pod.Items("status", "initContainerStatuses");
        var total = pod.Items("spec", "initContainers").Count;
        for (var i = 0; i < statuses.Count; i++)
        {
            if (statuses[i].Find("state", "terminated") is { } ended && ended.Number("exitCode") == 0)
                continue;
            if (statuses[i].Find("state", "terminated") is { } failed)
                return "Init:" + Ending(failed);
            return statuses[i].Text("state", "waiting", "reason") is { Length: > 0 } reason and not "PodInitializing" ? "Init:" + reason : $"Init:{i}/{total}";
        }
        return null;
    }

    private static string Ending(JsonElement terminated) =>
        terminated.Text("reason") is { Length: > 0 } reason ? reason
        : terminated.Number("signal") is var signal and not 0 ? $"Signal:{signal}" : $"ExitCode:{terminated.Number("exitCode")}";

    private static bool IsDeleting(JsonElement pod) => pod.Text("metadata", "deletionTimestamp") is not null;

    private static bool HasReadyCondition(JsonElement pod) => IsTrue(pod, "Ready");

    private static bool IsTrue(JsonElement pod, string condition) =>
        pod.Items("status", "conditions").Any(c => c.Text("type") == condition && c.Text("status") == "True");

    private static string Gates(JsonElement pod)
    {
        var gates = pod.Items("spec", "readinessGates");
        return gates.Count == 0 ? "<none>" : $"{gates.Count(g => IsTrue(pod, g.Text("conditionType") ?? ""))}/{gates.Count}";
    }
}
