using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Migration.Kubernetes.Tests;

/// <summary>One Lease object with a server's rules: versions, conflicts, nothing else. Requests of one caller can be made to fail.</summary>
public sealed class LeaseServer : IAsyncDisposable
{
    public static readonly ObjectKey Key = new("system", "leader");

    private readonly Lock _gate = new();
    private JsonObject? _lease;
    private int _version;
    private ScriptedServer? _server;

    /// <summary>The user agent that gets no answer but 503.</summary>
    public string? Failing { get; set; }

    /// <summary>The last one who stored the lease.</summary>
    public string? Holder
    {
        get
        {
            lock (_gate)
                return (string?)_lease?["spec"]?["holderIdentity"];
        }
    }

    public int Transitions
    {
        get
        {
            lock (_gate)
                return (int?)_lease?["spec"]?["leaseTransitions"] ?? 0;
        }
    }

    public static async Task<LeaseServer> StartAsync()
    {
        var leases = new LeaseServer();
        leases._server = await ScriptedServer.AnsweringAsync(leases.AnswerAsync);
        return leases;
    }

    public KubernetesClient Client(string name, TimeProvider time) => new(new KubernetesConfig { Server = _server!.Url, UserAgent = name }, time);

    public void Delete()
    {
        lock (_gate)
            _lease = null;
    }

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        await (http.Request.Headers.UserAgent == Failing ? Reply.Refuse(503, "ServiceUnavailable", "on purpose") : Answer(http.Request.Method, body))(http);
    }

    private Func<HttpContext, Task> Answer(string method, string body)
    {
        lock (_gate)
        {
            switch (method)
            {
                case "GET":
                    return _lease is null ? Reply.Refuse(404, "NotFound", "not found") : Reply.Json(_lease.ToJsonString());
                case "POST" when _lease is not null:
                    return Reply.Refuse(409, "AlreadyExists", "already exists");
                case "PUT" when _lease is null:
                    return Reply.Refuse(404, "NotFound", "not found");
                case "PUT" when (string?)JsonNode.Parse(body)!["metadata"]!["resourceVersion"] != (string?)_lease!["metadata"]!["resourceVersion"]:
                    return Reply.Refuse(409, "Conflict", "the object has been modified");
                default:
                    _lease = (JsonObject)JsonNode.Parse(body)!;
                    _lease["metadata"]!["resourceVersion"] = $"{++_version}";
                    return Reply.Json(_lease.ToJsonString());
            }
        }
    }
}
