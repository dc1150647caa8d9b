using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;

namespace Migration.Kubernetes.Tests;

public sealed class InformerTests : IDisposable
{
    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose() => _limit.Dispose();

    [Fact]
    public async Task The_store_follows_list_and_watch_and_queues_get_the_keys()
    {
        var listed = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1), Reply.Pod("b", 2))),
            Reply.After(listed.Task, Reply.OpenStream(
                Reply.Event("ADDED", Reply.Pod("c", 11)), Reply.Event("MODIFIED", Reply.Pod("a", 12)), Reply.Event("DELETED", Reply.Pod("b", 13)))));
        using var client = server.Client();
        using var queue = new WorkQueue("pods");
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Feed(queue).Start();

        await informer.Synced.WaitAsync(Ct);
        Assert.Equal(["a", "b"], await TakeAsync(queue, 2));
        listed.SetResult();
        await Eventually.IsTrueAsync(() => Names(informer) == "a c", () => Names(informer));

        Assert.Equal(["c", "a", "b"], await TakeAsync(queue, 3));
        Assert.Equal("12", informer.Store.Get(new ObjectKey("web", "a"))!.Metadata.ResourceVersion);
        Assert.Null(informer.Store.Get(new ObjectKey("web", "b")));
        Assert.EndsWith("resourceVersion=10", server.Requests[1].Split("&timeout")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_ends_is_resumed_at_the_last_version_bookmarks_included()
    {
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1))),
            Reply.Stream(Reply.Event("MODIFIED", Reply.Pod("a", 11))),
            Reply.Stream(Reply.Bookmark(500)),
            Reply.OpenStream(Reply.Event("MODIFIED", Reply.Pod("a", 501))));
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();

        await Eventually.IsTrueAsync(() => Version(informer, "a") == "501", () => string.Join('\n', server.Requests));

        Assert.Equal(["10", "11", "500"], server.Requests.Skip(1).Select(Watched));
    }

    [Fact]
    public async Task A_stream_cut_in_the_middle_of_an_event_is_resumed_before_that_event()
    {
        var read = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10)),
            Reply.CutStream(read.Task, Reply.Event("ADDED", Reply.Pod("a", 11)), Reply.Event("ADDED", Reply.Pod("b", 12))[..20]),
            Reply.OpenStream(Reply.Event("ADDED", Reply.Pod("b", 12))));
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();
        await Eventually.IsTrueAsync(() => Names(informer) == "a", () => Names(informer));
        read.SetResult();

        await Eventually.IsTrueAsync(() => Names(informer) == "a b", () => string.Join('\n', server.Requests));

        Assert.Equal(["10", "11"], server.Requests.Skip(1).Select(Watched));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task After_410_the_collection_is_listed_again_and_what_vanished_is_told(bool inTheStream)
    {
        var listed = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("gone", 1), Reply.Pod("same", 2), Reply.Pod("new-version", 3))),
            Reply.After(listed.Task, inTheStream ? Reply.OpenStream(Reply.Event("ERROR", Reply.Status(410, "Expired", "too old"))) : Reply.Refuse(410, "Expired", "too old")),
            Reply.Json(Reply.PodList(90, Reply.Pod("same", 2), Reply.Pod("new-version", 60), Reply.Pod("new", 70))),
            Reply.Nothing);
        using var client = server.Client();
        using var queue = new WorkQueue("pods");
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Feed(queue).Start();
        await informer.Synced.WaitAsync(Ct);
        Assert.Equal(["gone", "same", "new-version"], await TakeAsync(queue, 3));
        listed.SetResult();

        await Eventually.IsTrueAsync(() => server.Requests.Count >= 4, () => string.Join('\n', server.Requests));

        Assert.Equal("new new-version same", Names(informer));
        Assert.Equal(["new-version", "new", "gone"], await TakeAsync(queue, 3));
        Assert.Equal(0, queue.Depth);
        Assert.Equal("90", Watched(server.Requests[3]));
    }

    [Fact]
    public async Task An_unreadable_object_keeps_its_last_readable_version_and_is_counted()
    {
        using var counted = new Counted("migration.informer.unreadable");
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1), Reply.Pod("b", 2))),
            Reply.Stream(Reply.Event("MODIFIED", Reply.Pod("a", 11, ""","spec":7""")), Reply.Event("ERROR", Reply.Status(410, "Expired", "too old"))),
            Reply.Json(Reply.PodList(20, Reply.Pod("a", 11, ""","spec":7"""))),
            Reply.Nothing);
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();

        await Eventually.IsTrueAsync(() => server.Requests.Count >= 4, () => string.Join('\n', server.Requests));

        Assert.Equal("a", Names(informer));
        Assert.Equal("1", Version(informer, "a"));
        Assert.True(counted.Total >= 2);
    }

    [Fact]
    public async Task Failures_at_the_start_are_retried_and_the_server_is_left_alone_as_long_as_it_asks()
    {
        var at = new ConcurrentQueue<DateTime>();
        await using var server = await ScriptedServer.StartAsync(
            Noting(at, Reply.Refuse(500, "InternalError", "not yet")),
            Noting(at, Reply.Refuse(429, "TooManyRequests", "slow down", retryAfter: 1)),
            Noting(at, Reply.Json(Reply.PodList(10, Reply.Pod("a", 1)))));
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();

        await informer.Synced.WaitAsync(Ct);

        var times = at.ToArray();
        Assert.Equal("a", Names(informer));
        Assert.True(times[2] - times[1] >= TimeSpan.FromMilliseconds(990), $"came back after {times[2] - times[1]}");
    }

    [Fact]
    public async Task Children_wake_the_owners_they_had_and_have()
    {
        var a = ""","spec":{"nodeName":"n1"}""";
        var b = ""","spec":{"nodeName":"n2"}""";
        var listed = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1, a))),
            Reply.After(listed.Task, Reply.OpenStream(Reply.Event("MODIFIED", Reply.Pod("a", 11, b)))));
        using var client = server.Client();
        using var queue = new WorkQueue("nodes");
        await using var informer = new Informer<Pod>(client, Kinds.Pods)
            .Feed(queue, pod => pod.Spec?.NodeName is { } node ? [ObjectKey.Of(node)] : []).Start();
        await informer.Synced.WaitAsync(Ct);
        Assert.Equal(["n1"], await TakeAsync(queue, 1));
        listed.SetResult();

        Assert.Equal(["n1", "n2"], await TakeAsync(queue, 2));
    }

    [Fact]
    public async Task Indexes_follow_changes_and_can_be_made_at_any_time()
    {
        static string On(string node) => $$""","spec":{"nodeName":"{{node}}"}""";
        var go = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1, On("n1")), Reply.Pod("b", 2, On("n1")))),
            Reply.After(go.Task, Reply.OpenStream(Reply.Event("MODIFIED", Reply.Pod("a", 11, On("n2"))), Reply.Event("DELETED", Reply.Pod("b", 12, On("n1"))))));
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();
        await informer.Synced.WaitAsync(Ct);
        var byNode = informer.Store.IndexBy(pod => pod.Spec?.NodeName is { } node ? [node] : []);
        Assert.Equal(["a", "b"], byNode["n1"].Select(pod => pod.Metadata.Name!).Order());

        go.SetResult();
        await Eventually.IsTrueAsync(() => byNode["n1"].Count == 0, () => Names(informer));

        Assert.Equal(["a"], byNode["n2"].Select(pod => pod.Metadata.Name));
        Assert.Empty(byNode["n3"]);
    }

    [Fact]
    public async Task Managed_fields_are_not_kept_and_other_unknown_fields_are()
    {
        var pod = """{"metadata":{"name":"a","namespace":"web","resourceVersion":"1","managedFields":[{"manager":"x"}],"odd":1},"odd":{"b":[2]}}""";
        await using var server = await ScriptedServer.StartAsync(Reply.Json(Reply.PodList(10, pod)));
        using var client = server.Client();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();
        await informer.Synced.WaitAsync(Ct);

        var text = Kinds.Pods.ToNode(informer.Store.All().Single()).ToJsonString();

        Assert.Equal("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"web","resourceVersion":"1","odd":1},"odd":{"b":[2]}}""", text);
    }

    [Fact]
    public async Task A_server_that_ends_every_stream_at_once_is_not_asked_in_a_tight_loop()
    {
        var watches = 0;
        await using var server = await ScriptedServer.AnsweringAsync(http =>
        {
            if (!http.Request.Query.ContainsKey("watch"))
                return Reply.Json(Reply.PodList(10))(http);
            Interlocked.Increment(ref watches);
            return Reply.Stream()(http);
        });
        using var client = server.Client();
        var start = TimeProvider.System.GetTimestamp();
        await using var informer = new Informer<Pod>(client, Kinds.Pods).Start();

        await Eventually.IsTrueAsync(() => Volatile.Read(ref watches) >= 4, () => $"{watches} watches");

        // Waits of at least 100, 200 and 400 ms lie between four watches; an eager loop needs a few.
        Assert.True(TimeProvider.System.GetElapsedTime(start) >= TimeSpan.FromMilliseconds(690));
    }

    [Fact]
    public async Task A_mistake_in_a_feed_does_not_stop_the_informer()
    {
        await using var server = await ScriptedServer.StartAsync(
            Reply.Json(Reply.PodList(10, Reply.Pod("a", 1), Reply.Pod("b", 2))),
            Reply.Json(Reply.PodList(11, Reply.Pod("a", 1), Reply.Pod("b", 2))),
            Reply.OpenStream(Reply.Event("ADDED", Reply.Pod("c", 12))));
        using var client = server.Client();
        using var queue = new WorkQueue("pods");
        await using var informer = new Informer<Pod>(client, Kinds.Pods)
            .Feed(queue, pod => pod.Metadata.Name == "a" ? throw new InvalidOperationException("a mistake") : [pod.Key]).Start();

        await informer.Synced.WaitAsync(Ct);

        Assert.Equal(["b", "c"], await TakeAsync(queue, 2));
    }

    [Fact]
    public async Task Disposing_before_the_first_list_cancels_those_who_wait_for_it()
    {
        await using var server = await ScriptedServer.StartAsync();
        using var client = server.Client();
        var informer = new Informer<Pod>(client, Kinds.Pods).Start();
        var synced = informer.Synced;

        await informer.DisposeAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => synced.WaitAsync(Ct));
    }

    private static Func<HttpContext, Task> Noting(ConcurrentQueue<DateTime> at, Func<HttpContext, Task> reply) => http =>
    {
        at.Enqueue(DateTime.UtcNow);
        return reply(http);
    };

    private static string Names(Informer<Pod> informer) => string.Join(' ', informer.Store.All().Select(pod => pod.Metadata.Name).Order(StringComparer.Ordinal));

    private static string? Version(Informer<Pod> informer, string name) => informer.Store.Get(new ObjectKey("web", name))?.Metadata.ResourceVersion;

    private static string Watched(string request) => request.Split("&resourceVersion=")[1].Split('&')[0];

    private async Task<IReadOnlyList<string>> TakeAsync(WorkQueue queue, int count)
    {
        var names = new List<string>();
        while (names.Count < count)
        {
            var key = await queue.TakeAsync(Ct);
            queue.Done(key);
            names.Add(key.Name);
        }
        return names;
    }

    /// <summary>Adds up a counter of ours.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _total;

        public Counted(string name)
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == name)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _total, value));
            _listener.Start();
        }

        public long Total => Interlocked.Read(ref _total);

        public void Dispose() => _listener.Dispose();
    }
}
