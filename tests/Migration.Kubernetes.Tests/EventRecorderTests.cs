using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Migration.Kubernetes.Tests;

public sealed class EventRecorderTests
{
    private static readonly Pod Pod = Kinds.Pods.Typed(new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "web", Uid = "u", ResourceVersion = "7" } });

    private readonly ConcurrentQueue<(string Method, string Path, JsonNode Body)> _written = new();
    private Func<HttpContext, bool>? _refused;

    [Fact]
    public async Task An_event_names_the_object_the_reason_and_us()
    {
        await using var server = await ScriptedServer.AnsweringAsync(AnswerAsync);
        using var client = server.Client();
        await using (var events = new EventRecorder(client, "migration-controllers", "pod-1", NullLogger.Instance))
            events.Warning(Pod, "TargetLost", "the target node does not answer");

        var (method, path, body) = Assert.Single(_written);
        Assert.Equal(("POST", "/api/v1/namespaces/web/events"), (method, path));
        Assert.Equal(("Warning", "TargetLost", "the target node does not answer", 1),
            ((string?)body["type"], (string?)body["reason"], (string?)body["message"], (int?)body["count"]));
        Assert.Equal("""{"apiVersion":"v1","kind":"Pod","namespace":"web","name":"a","uid":"u"}""", body["involvedObject"]!.ToJsonString());
        Assert.StartsWith("a.", (string?)body["metadata"]!["name"], StringComparison.Ordinal);
        Assert.Equal("migration-controllers", (string?)body["source"]!["component"]);
    }

    [Fact]
    public async Task Repeats_are_counted_on_one_event_and_others_are_not()
    {
        await using var server = await ScriptedServer.AnsweringAsync(AnswerAsync);
        using var client = server.Client();
        await using (var events = new EventRecorder(client, "c", "i", NullLogger.Instance))
        {
            for (var i = 0; i < 3; i++)
                events.Normal(Pod, "Started", "one");
            events.Normal(Pod, "Started", "two");
            events.Normal(Pod, "Started", "one");
        }

        Assert.Equal(["POST", "PATCH", "PATCH", "POST", "PATCH"], _written.Select(write => write.Method));
        Assert.Equal([2, 3, 4], _written.Where(write => write.Method == "PATCH").Select(write => (int)write.Body["count"]!));
        Assert.Single(_written.Where(write => write.Method == "PATCH").Select(write => write.Path).Distinct());
    }

    [Fact]
    public async Task An_event_that_expired_meanwhile_is_written_anew()
    {
        _refused = http => http.Request.Method == "PATCH";
        await using var server = await ScriptedServer.AnsweringAsync(AnswerAsync);
        using var client = server.Client();
        await using (var events = new EventRecorder(client, "c", "i", NullLogger.Instance))
        {
            events.Normal(Pod, "Started", "one");
            events.Normal(Pod, "Started", "one");
        }

        Assert.Equal(["POST", "POST"], _written.Select(write => write.Method));
    }

    [Fact]
    public async Task A_refused_event_is_dropped_and_the_next_is_written()
    {
        var first = 1;
        _refused = _ => Interlocked.Exchange(ref first, 0) == 1;
        await using var server = await ScriptedServer.AnsweringAsync(AnswerAsync);
        using var client = server.Client();
        await using (var events = new EventRecorder(client, "c", "i", NullLogger.Instance))
        {
            events.Normal(Pod, "Lost", "one");
            events.Normal(Pod, "Kept", "two");
        }

        Assert.Equal(["Kept"], _written.Select(write => (string?)write.Body["reason"]));
    }

    [Fact]
    public async Task A_server_in_trouble_is_asked_again()
    {
        var failures = 0;
        await using var server = await ScriptedServer.AnsweringAsync(http =>
            Interlocked.Increment(ref failures) <= 2 ? Reply.Refuse(503, "ServiceUnavailable", "no")(http) : AnswerAsync(http));
        using var client = server.Client();
        await using (var events = new EventRecorder(client, "c", "i", NullLogger.Instance))
            events.Normal(Pod, "Kept", "one");

        Assert.Equal("Kept", (string?)Assert.Single(_written).Body["reason"]);
    }

    [Fact]
    public async Task A_flood_is_dropped_rather_than_waited_for()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = server.Client(new Migration.Testing.ManualTime());
        var events = new EventRecorder(client, "c", "i", NullLogger.Instance) { Farewell = TimeSpan.Zero };

        for (var i = 0; i < 5000; i++)
            events.Normal(Pod, "Flood", $"{i}");

        await events.DisposeAsync().AsTask().WaitAsync(ScriptedServer.Limit);
    }

    private async Task AnswerAsync(HttpContext http)
    {
        using var reader = new StreamReader(http.Request.Body);
        var body = await reader.ReadToEndAsync();
        if (_refused?.Invoke(http) == true)
        {
            await Reply.Refuse(404, "NotFound", "gone")(http);
            return;
        }
        _written.Enqueue((http.Request.Method, http.Request.Path, JsonNode.Parse(body)!));
        var stored = (JsonObject)(http.Request.Method == "POST" ? JsonNode.Parse(body)! : _written.First().Body.DeepClone());
        if (http.Request.Method == "PATCH")
            stored["count"] = (int)JsonNode.Parse(body)!["count"]!;
        await Reply.Json(stored.ToJsonString())(http);
    }
}
