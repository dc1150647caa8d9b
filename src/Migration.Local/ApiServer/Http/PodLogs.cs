using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Migration.Local.ApiServer;

/// <summary>Passes container logs on from whoever runs the pods.</summary>
internal sealed class PodLogs(PodLogSource? source)
{
    public async Task WriteAsync(HttpContext http, StoredObject pod, CancellationToken ct)
    {
        var query = http.Request.Query;
        var container = PodConnections.ChooseContainer(pod, query["container"].ToString());
        if (source is null)
            throw new ApiException(501, "NotImplemented", "this server has no access to container logs");
        var options = new PodLogOptions(ListOptions.Flag(query, "follow"), ListOptions.Flag(query, "previous"), ListOptions.Flag(query, "timestamps"),
            Number(query, "tailLines"), Number(query, "sinceSeconds"), Number(query, "limitBytes"))
        {
            SinceTime = Time(query, "sinceTime"),
        };
        await using var stream = await OpenAsync(pod, container, options, ct);
        http.Response.ContentType = "text/plain";
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, ct)) > 0)
        {
            await http.Response.Body.WriteAsync(chunk.AsMemory(0, read), ct);
            await http.Response.Body.FlushAsync(ct);
        }
    }

    private async Task<Stream> OpenAsync(StoredObject pod, string container, PodLogOptions options, CancellationToken ct)
    {
        try
        {
            return await source!(pod.Namespace, pod.Name, container, options, ct);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw ApiException.BadRequest($"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {e.Message}");
        }
    }

    private static long? Number(IQueryCollection query, string name) =>
        long.TryParse(query[name], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Time(IQueryCollection query, string name) =>
        query[name].ToString() is not { Length: > 0 } text ? null
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time) ? time
        : throw ApiException.BadRequest($"{name}: \"{text}\" is not a time like 2006-01-02T15:04:05Z");
}
