using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Checks requests for exec, attach and port-forward and hands them to whoever runs the pods.</summary>
internal sealed class PodConnections(PodStreamHandler? handler)
{
    public async Task ServeAsync(HttpContext http, string kind, StoredObject pod, CancellationToken ct)
    {
        var query = http.Request.Query;
        var container = kind == "portforward" ? "" : ChooseContainer(pod, query["container"].ToString());
        if (kind == "exec" && query["command"] is not { Count: > 0 })
            throw ApiException.BadRequest("you must specify at least 1 command for the container");
        if (handler is null)
            throw new ApiException(501, "NotImplemented", $"this server has no access to containers: {kind} is not possible");
        var request = new PodStreamRequest(kind, pod.Namespace, pod.Name, pod.Uid, container)
        {
            Command = [.. query["command"].Select(word => word ?? "")],
            Stdin = ListOptions.Flag(query, "stdin"),
            Stdout = ListOptions.Flag(query, "stdout"),
            Stderr = ListOptions.Flag(query, "stderr"),
            Terminal = ListOptions.Flag(query, "tty"),
        };
        try
        {
            await handler(request, http, ct);
        }
        catch (PodStreamRefusedException refused)
        {
            throw new ApiException(refused.Code, refused.Reason, refused.Message);
        }
    }

    /// <summary>The container that was asked for, or the pod's only one.</summary>
    public static string ChooseContainer(StoredObject pod, string asked)
    {
        var names = pod.Root.Items("spec", "initContainers").Concat(pod.Root.Items("spec", "containers")).Select(c => c.Text("name") ?? "").ToList();
        if (asked.Length > 0)
            return names.Contains(asked, StringComparer.Ordinal) ? asked : throw ApiException.BadRequest($"container {asked} is not valid for pod {pod.Name}");
        return names.Count == 1 ? names[0]
            : throw ApiException.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', names)}]");
    }
}
