using System.Text.Json.Nodes;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

public sealed class ClientTests : IDisposable
{
    private static readonly ObjectKey Key = new("web", "a");

    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task Verbs_go_to_the_right_places()
    {
        await using var server = await ScriptedServer.AnsweringAsync(Reply.Json(Reply.Pod("a", 7)));
        using var client = server.Client();
        var pods = client.For(Kinds.Pods);
        var pod = await pods.GetAsync(Key, Ct);

        await pods.CreateAsync(pod, new WriteOptions { DryRun = true, FieldManager = "tests" }, Ct);
        await pods.UpdateAsync(pod, Ct);
        await pods.UpdateStatusAsync(pod, Ct);
        await pods.PatchAsync(Key, Patch.Merge(new JsonObject()), Ct);
        await pods.PatchStatusAsync(Key, Patch.Merge(new JsonObject()), Ct);
        await pods.ApplyAsync(pod, "tests", force: true, Ct);
        await pods.DeleteAsync(Key, Ct);
        await pods.PostAsync(Key, "eviction", [], Ct);
        await client.For(Kinds.Nodes).GetAsync(ObjectKey.Of("n1"), Ct);
        await client.For(Kinds.Leases).FindAsync(Key, Ct);
        await client.For(Kinds.Leases).UpdateStatusAsync(new Lease { Metadata = new ObjectMeta { Name = "a", Namespace = "web" } }, Ct);
        await client.RequestAsync(HttpMethod.Get, "/version?x=1", null, Ct);

        Assert.Equal(
        [
            "GET /api/v1/namespaces/web/pods/a",
            "POST /api/v1/namespaces/web/pods?dryRun=All&fieldManager=tests",
            "PUT /api/v1/namespaces/web/pods/a",
            "PUT /api/v1/namespaces/web/pods/a/status",
            "PATCH /api/v1/namespaces/web/pods/a",
            "PATCH /api/v1/namespaces/web/pods/a/status",
            "PATCH /api/v1/namespaces/web/pods/a?fieldManager=tests&force=true",
            "DELETE /api/v1/namespaces/web/pods/a",
            "POST /api/v1/namespaces/web/pods/a/eviction",
            "GET /api/v1/nodes/n1",
            "GET /apis/coordination.k8s.io/v1/namespaces/web/leases/a",
            "PUT /apis/coordination.k8s.io/v1/namespaces/web/leases/a",
            "GET /version?x=1",
        ], server.Requests);
    }

    [Fact]
    public async Task Bodies_and_content_types_are_what_servers_expect()
    {
        var seen = new List<(string? Type, string Body)>();
        await using var server = await ScriptedServer.AnsweringAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            seen.Add((http.Request.ContentType, await reader.ReadToEndAsync()));
            await Reply.Json(Reply.Pod("a", 7))(http);
        });
        using var client = server.Client();
        var pods = client.For(Kinds.Pods);
        var pod = new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "web", Uid = "u", ResourceVersion = "7" } };

        await pods.CreateAsync(pod, Ct);
        await pods.PatchAsync(Key, Patch.Json(JsonOperation.Test("/metadata/uid", "u"), JsonOperation.Remove("/spec/x")), Ct);
        await pods.PatchAsync(Key, Patch.Strategic(new JsonObject { ["a"] = 1 }), Ct);
        await pods.ApplyAsync(pod, "tests", force: false, Ct);
        await pods.DeleteAsync(Key, DeleteOptions.OnlyUnchanged(pod) with { GracePeriodSeconds = 0, PropagationPolicy = "Foreground" }, Ct);

        Assert.Equal(
        [
            ("application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"web","uid":"u","resourceVersion":"7"}}"""),
            ("application/json-patch+json", """[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"remove","path":"/spec/x"}]"""),
            ("application/strategic-merge-patch+json", """{"a":1}"""),
            ("application/apply-patch+yaml", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"web","uid":"u","resourceVersion":"7"}}"""),
            ("application/json", """{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"u","resourceVersion":"7"},"propagationPolicy":"Foreground"}"""),
        ], seen);
    }

    [Fact]
    public async Task A_list_is_read_page_by_page_and_its_items_get_their_type()
    {
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodPage(90, "tok/1", Reply.Pod("a", 1), Reply.Pod("b", 2))),
            Reply.Json(Reply.PodPage(90, "tok2", Reply.Pod("c", 3))),
            Reply.Json(Reply.PodPage(90, "", Reply.Pod("d", 4))));
        using var client = server.Client();

        var list = await client.For(Kinds.Pods).ListWithVersionAsync(new ListOptions { LabelSelector = "a=b", PageSize = 2, ResourceVersion = "0" }, Ct);

        Assert.Equal(["a", "b", "c", "d"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.All(list.Items, pod => Assert.Equal(("v1", "Pod"), (pod.ApiVersion, pod.Kind)));
        Assert.Equal("90", list.ResourceVersion);
        Assert.Equal(
        [
            "GET /api/v1/pods?labelSelector=a%3Db&limit=2&resourceVersion=0",
            "GET /api/v1/pods?labelSelector=a%3Db&limit=2&continue=tok%2F1",
            "GET /api/v1/pods?labelSelector=a%3Db&limit=2&continue=tok2",
        ], server.Requests);
    }

    [Fact]
    public async Task When_the_continue_token_expires_the_list_is_read_again_in_one_piece()
    {
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodPage(90, "tok", Reply.Pod("a", 1))),
            Reply.Refuse(410, "Expired", "The provided continue parameter is too old"),
            Reply.Json(Reply.PodList(99, Reply.Pod("b", 95), Reply.Pod("c", 96))));
        using var client = server.Client();

        var list = await client.For(Kinds.Pods).ListWithVersionAsync(ListOptions.All, Ct);

        Assert.Equal(["b", "c"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal("99", list.ResourceVersion);
        Assert.Equal("GET /api/v1/pods", server.Requests[^1]);
    }

    [Fact]
    public async Task One_unreadable_object_does_not_hide_the_others()
    {
        await using var server = await ScriptedServer.AnsweringAsync(
            Reply.Json(Reply.PodList(9, Reply.Pod("a", 1), Reply.Pod("bad", 2, ""","spec":{"overhead":{"cpu":"plenty"}}"""), "17", Reply.Pod("c", 3))));
        using var client = server.Client();

        var list = await client.For(Kinds.Pods).ListWithVersionAsync(ListOptions.All, Ct);

        Assert.Equal(["a", "c"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal([new ObjectKey("web", "bad"), default(ObjectKey) with { Namespace = "", Name = "" }], list.Unreadable.Select(bad => bad.Key));
        Assert.Contains("\"plenty\" is not a quantity", list.Unreadable[0].Reason, StringComparison.Ordinal);
        Assert.Equal("Unreadable", (await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).ListAsync(ListOptions.All, Ct))).Reason);
    }

    [Theory]
    [InlineData("not json at all")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"metadata":{},"items":{}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":[{"a":""")]
    public async Task A_list_that_is_none_is_an_error_that_names_it(string body)
    {
        await using var server = await ScriptedServer.AnsweringAsync(Reply.Json(body));
        using var client = server.Client();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).ListAsync(new ListOptions { Namespace = "web" }, Ct));

        Assert.StartsWith("list pods in web: ", error.Message, StringComparison.Ordinal);
        Assert.Equal("Unreadable", error.Reason);
    }

    [Fact]
    public async Task Refusals_are_told_apart_and_say_what_the_server_said()
    {
        await using var server = await ScriptedServer.StartAsync(
            Reply.Refuse(404, "NotFound", "pods \\\"a\\\" not found"),
            Reply.Refuse(409, "Conflict", "the object has been modified"),
            Reply.Refuse(409, "AlreadyExists", "pods \\\"a\\\" already exists"),
            Reply.Refuse(429, "TooManyRequests", "slow down", retryAfter: 7),
            Reply.Json("upstream is sad", 503),
            Reply.Json("", 422),
            Reply.Json("""{"kind":"Status","status":"Failure","message":"later","reason":"ServerTimeout","details":{"retryAfterSeconds":3},"code":504}""", 504));
        using var client = server.Client();
        var errors = new List<KubernetesException>();

        for (var i = 0; i < 7; i++)
            errors.Add(await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).GetAsync(Key, Ct)));

        Assert.Equal([true, false, false, false, false, false, false], errors.Select(e => e.IsNotFound));
        Assert.Equal([false, true, false, false, false, false, false], errors.Select(e => e.IsConflict));
        Assert.Equal([false, false, true, false, false, false, false], errors.Select(e => e.IsAlreadyExists));
        Assert.Equal([false, false, false, true, true, false, true], errors.Select(e => e.IsTransient));
        Assert.Equal([false, false, false, false, false, true, false], errors.Select(e => e.IsInvalid));
        Assert.Equal(TimeSpan.FromSeconds(7), errors[3].RetryAfter);
        Assert.Equal(TimeSpan.FromSeconds(3), errors[6].RetryAfter);
        Assert.Equal("get pods web/a: pods \"a\" not found", errors[0].Message);
        Assert.Equal("get pods web/a: 503 Service Unavailable: upstream is sad", errors[4].Message);
        Assert.Equal(7, server.Requests.Count);
    }

    [Fact]
    public async Task Find_gives_null_only_for_what_is_not_there()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Refuse(404, "NotFound", "no"), Reply.Refuse(403, "Forbidden", "no"));
        using var client = server.Client();

        Assert.Null(await client.For(Kinds.Pods).FindAsync(Key, Ct));
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).FindAsync(Key, Ct))).IsDenied);
    }

    [Fact]
    public async Task Ensure_deleted_is_content_with_gone_and_with_re_created()
    {
        var pod = new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "web", Uid = "u" } };
        await using var server = await ScriptedServer.StartAsync(
            Reply.Refuse(404, "NotFound", "no"), Reply.Refuse(409, "Conflict", "uid"), Reply.Refuse(403, "Forbidden", "no"), Reply.Refuse(409, "Conflict", "version"));
        using var client = server.Client();
        var pods = client.For(Kinds.Pods);

        await pods.EnsureDeletedAsync(pod, DeleteOptions.Default, Ct);
        await pods.EnsureDeletedAsync(pod, DeleteOptions.Default, Ct);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => pods.EnsureDeletedAsync(pod, DeleteOptions.Default, Ct))).IsDenied);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(
            () => pods.EnsureDeletedAsync(pod, DeleteOptions.OnlyUnchanged(pod with { Metadata = pod.Metadata with { ResourceVersion = "7" } }), Ct))).IsConflict);
    }

    [Fact]
    public async Task No_answer_in_time_and_no_server_are_transient_errors_without_a_status()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        var server = await ScriptedServer.StartAsync(http =>
        {
            asked.SetResult();
            return Reply.Nothing(http);
        });
        using var client = server.Client(time);
        var get = client.For(Kinds.Pods).GetAsync(Key, Ct);
        await asked.Task.WaitAsync(Ct);

        time.Advance(TimeSpan.FromSeconds(30));
        var late = await Assert.ThrowsAsync<KubernetesException>(() => get);
        await server.DisposeAsync();
        var gone = await Assert.ThrowsAsync<KubernetesException>(() => client.For(Kinds.Pods).GetAsync(Key, Ct));

        Assert.Equal(("Timeout", "get pods web/a: no answer within 30 s", true), (late.Reason, late.Message, late.IsTransient));
        Assert.Equal(("Unreachable", null, true), (gone.Reason, gone.StatusCode, gone.IsTransient));
        Assert.Contains("refused", gone.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Cancelling_is_not_an_error_of_the_server()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = server.Client();
        using var stop = new CancellationTokenSource();
        var get = client.For(Kinds.Pods).GetAsync(Key, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
    }

    [Fact]
    public async Task An_object_without_a_name_is_refused_before_anything_is_sent()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = server.Client();

        await Assert.ThrowsAsync<ArgumentException>(() => client.For(Kinds.Pods).DeleteAsync(new ObjectKey("web", ""), Ct));

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_status_is_written_only_when_it_says_something_new()
    {
        var bodies = new List<string>();
        await using var server = await ScriptedServer.AnsweringAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            bodies.Add(await reader.ReadToEndAsync());
            await Reply.Json(Reply.Pod("a", 8))(http);
        });
        using var client = server.Client();
        var writer = new StatusWriter<Pod>(client.For(Kinds.Pods));
        var before = Kinds.Pods.FromBytes(System.Text.Encoding.UTF8.GetBytes(Reply.Pod("a", 7, ""","status":{"phase":"Pending","message":"m","strange":[1]}""")));

        var same = await writer.WriteAsync(before, before with { Status = before.Status! with { Phase = "Pending" } }, Ct);
        var written = await writer.WriteAsync(before, before with { Status = before.Status! with { Phase = "Running", Message = null } }, Ct);

        Assert.Same(before, same);
        Assert.Equal("8", written.Metadata.ResourceVersion);
        Assert.Equal(["""{"status":{"message":null,"phase":"Running"},"metadata":{"resourceVersion":"7"}}"""], bodies);
        Assert.Equal(["PATCH /api/v1/namespaces/web/pods/a/status"], server.Requests);
    }

    [Fact]
    public async Task Finalizers_are_added_and_removed_by_conditional_patches_and_only_when_needed()
    {
        var bodies = new List<string>();
        await using var server = await ScriptedServer.AnsweringAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            bodies.Add(await reader.ReadToEndAsync());
            await (bodies.Count < 3 ? Reply.Json(Reply.Pod("a", 8)) : Reply.Refuse(404, "NotFound", "gone"))(http);
        });
        using var client = server.Client();
        var pods = client.For(Kinds.Pods);
        var pod = new Pod { Metadata = new ObjectMeta { Name = "a", Namespace = "web", Uid = "u", ResourceVersion = "7", Finalizers = ["x/y"] } };

        await pods.EnsureFinalizerAsync(pod, "x/y", Ct);
        await pods.RemoveFinalizerAsync(pod, "p/q", Ct);
        await pods.EnsureFinalizerAsync(pod, "p/q", Ct);
        await pods.RemoveFinalizerAsync(pod, "x/y", Ct);
        Assert.Same(pod, await pods.RemoveFinalizerAsync(pod, "x/y", Ct));

        Assert.Equal(
        [
            """{"metadata":{"finalizers":["x/y","p/q"],"resourceVersion":"7","uid":"u"}}""",
            """{"metadata":{"finalizers":[],"resourceVersion":"7","uid":"u"}}""",
            """{"metadata":{"finalizers":[],"resourceVersion":"7","uid":"u"}}""",
        ], bodies);
    }
}
