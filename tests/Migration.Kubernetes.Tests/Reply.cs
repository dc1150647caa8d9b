using Microsoft.AspNetCore.Http;

namespace Migration.Kubernetes.Tests;

/// <summary>Answers of a <see cref="ScriptedServer"/>.</summary>
public static class Reply
{
    public static Func<HttpContext, Task> Json(string body, int code = 200) => async http =>
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body);
    };

    public static Func<HttpContext, Task> Refuse(int code, string reason, string message, int? retryAfter = null) => async http =>
    {
        if (retryAfter is { } seconds)
            http.Response.Headers.RetryAfter = $"{seconds}";
        await Json(Status(code, reason, message), code)(http);
    };

    public static string Status(int code, string reason, string message) =>
        $$"""{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"{{message}}","reason":"{{reason}}","code":{{code}}}""";

    /// <summary>A watch: each text is sent as it is and flushed; then the stream ends in good order.</summary>
    public static Func<HttpContext, Task> Stream(params string[] parts) => async http =>
    {
        await Begin(http);
        foreach (var part in parts)
        {
            await http.Response.WriteAsync(part);
            await http.Response.Body.FlushAsync();
        }
    };

    /// <summary>The same, but then the connection breaks: when the client has what was sent, which a reset would take from it.</summary>
    public static Func<HttpContext, Task> CutStream(Task when, params string[] parts) => async http =>
    {
        await Stream(parts)(http);
        await when;
        http.Abort();
    };

    /// <summary>The same, but the stream stays open, and silent, until the client goes away.</summary>
    public static Func<HttpContext, Task> OpenStream(params string[] parts) => async http =>
    {
        await Stream(parts)(http);
        await Nothing(http);
    };

    /// <summary>The answer, but not before somebody says so.</summary>
    public static Func<HttpContext, Task> After(Task when, Func<HttpContext, Task> reply) => async http =>
    {
        await when;
        await reply(http);
    };

    /// <summary>No answer at all until the client goes away.</summary>
    public static async Task Nothing(HttpContext http)
    {
        var gone = new TaskCompletionSource();
        await using var registration = http.RequestAborted.Register(() => gone.TrySetResult());
        await gone.Task;
    }

    public static string Pod(string name, int version, string more = "") =>
        $$$"""{"metadata":{"name":"{{{name}}}","namespace":"web","uid":"uid-{{{name}}}","resourceVersion":"{{{version}}}"}{{{more}}}}""";

    public static string PodList(int version, params string[] pods) => PodPage(version, "", pods);

    public static string PodPage(int version, string next, params string[] pods) =>
        $$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}","continue":"{{next}}"},"items":[{{string.Join(',', pods)}}]}""";

    public static string Event(string type, string item) => $$"""{"type":"{{type}}","object":{{item}}}""" + "\n";

    public static string Bookmark(int version) => Event("BOOKMARK", $$$"""{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"}}""");

    private static async Task Begin(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        await http.Response.StartAsync();
        await http.Response.Body.FlushAsync();
    }
}
