using System.Net;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

public sealed class WatchTests : IAsyncDisposable
{
    private static readonly ListOptions Web = new() { Namespace = "web" };

    private readonly CancellationTokenSource _limit = new(ScriptedServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public ValueTask DisposeAsync()
    {
        _limit.Dispose();
        return default;
    }

    [Fact]
    public async Task Events_arrive_in_order_with_their_versions_and_bookmarks_are_told_apart()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Stream(
            Reply.Event("ADDED", Reply.Pod("a", 11)), Reply.Event("MODIFIED", Reply.Pod("a", 12)), Reply.Bookmark(40), Reply.Event("DELETED", Reply.Pod("a", 41))));
        using var client = server.Client();

        var seen = await client.For(Kinds.Pods).WatchAsync(Web, "10", Ct).ToListAsync(Ct);

        Assert.Equal([(WatchEventType.Added, "11"), (WatchEventType.Modified, "12"), (WatchEventType.Bookmark, "40"), (WatchEventType.Deleted, "41")],
            seen.Select(change => (change.Type, change.ResourceVersion)));
        Assert.Equal(new ObjectKey("web", "a"), seen[0].Key);
        Assert.Equal(("v1", "Pod"), (seen[0].Object!.ApiVersion, seen[0].Object!.Kind));
        Assert.Null(seen[2].Object);
    }

    [Fact]
    public async Task The_request_asks_for_bookmarks_a_limited_time_and_the_selectors()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Stream());
        using var client = server.Client();
        var options = Web with { LabelSelector = "app in (a,b)", FieldSelector = "spec.nodeName=n1" };

        await client.For(Kinds.Pods).WatchAsync(options, "10", TimeSpan.FromSeconds(7), Ct).ToListAsync(Ct);

        Assert.Equal("GET /api/v1/namespaces/web/pods?watch=true&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds=7"
            + "&labelSelector=app%20in%20%28a%2Cb%29&fieldSelector=spec.nodeName%3Dn1", server.Requests.Single());
    }

    [Fact]
    public async Task Events_split_into_single_bytes_and_several_in_one_packet_are_the_same_events()
    {
        var lines = Reply.Event("ADDED", Reply.Pod("a", 11)) + Reply.Event("ADDED", Reply.Pod("ä€", 12));
        await using var server = await ScriptedServer.StartAsync(
            Reply.Stream(lines),
            async http =>
            {
                foreach (var one in System.Text.Encoding.UTF8.GetBytes(lines))
                {
                    await http.Response.Body.WriteAsync(new[] { one });
                    await http.Response.Body.FlushAsync();
                }
            });
        using var client = server.Client();

        for (var i = 0; i < 2; i++)
            Assert.Equal(["a", "ä€"], (await client.For(Kinds.Pods).WatchAsync(Web, "10", Ct).ToListAsync(Ct)).Select(change => change.Key.Name));
    }

    [Fact]
    public async Task An_event_of_several_megabytes_is_read()
    {
        var large = new string('x', 3 << 20);
        await using var server = await ScriptedServer.StartAsync(Reply.Stream(
            Reply.Event("ADDED", Reply.Pod("a", 11, $$""","spec":{"nodeName":"{{large}}"}"""))));
        using var client = server.Client();

        var change = Assert.Single(await client.For(Kinds.Pods).WatchAsync(Web, "10", Ct).ToListAsync(Ct));

        Assert.Equal(large, change.Object!.Spec!.NodeName);
    }

    [Fact]
    public async Task An_error_event_ends_the_watch_with_what_the_server_said()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.OpenStream(
            Reply.Event("ADDED", Reply.Pod("a", 11)), Reply.Event("ERROR", Reply.Status(410, "Expired", "too old resource version: 10 (2000)"))));
        using var client = server.Client();
        var seen = new List<string>();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => CollectAsync(client, seen));

        Assert.True(error.IsGone);
        Assert.Equal(("Expired", "watch pods in web: too old resource version: 10 (2000)"), (error.Reason, error.Message));
        Assert.Equal(["a"], seen);
    }

    [Fact]
    public async Task Gone_as_an_http_status_is_the_same()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Refuse(410, "Expired", "too old"));
        using var client = server.Client();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => CollectAsync(client, []));

        Assert.True(error.IsGone);
        Assert.False(error.IsTransient);
    }

    [Theory]
    [InlineData("{\"type\":\"ADDED\",\"object\":{\"metad", "the stream ended within an event (32 bytes)")]
    [InlineData("{\"type\":\"ADDED\",\"object\":{\"metad\n", "an unreadable event: ")]
    [InlineData("[]\n", "an unreadable event: it is not a JSON object")]
    [InlineData("{\"type\":\"ADDED\"}\n", "an unreadable event: it has no object")]
    [InlineData("{\"type\":\"EXPLODED\",\"object\":{}}\n", "an unreadable event: unknown event type \"EXPLODED\"")]
    [InlineData("<html>\n", "an unreadable event: ")]
    public async Task A_broken_line_is_never_skipped(string text, string why)
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Stream(Reply.Event("ADDED", Reply.Pod("a", 11)), text));
        using var client = server.Client();
        var seen = new List<string>();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => CollectAsync(client, seen));

        Assert.Equal("WatchInterrupted", error.Reason);
        Assert.True(error.IsTransient);
        Assert.StartsWith(why, error.ServerMessage, StringComparison.Ordinal);
        Assert.Equal(["a"], seen);
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_is_reported_after_the_events_before_it()
    {
        var read = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(Reply.CutStream(read.Task, Reply.Event("ADDED", Reply.Pod("a", 11)), "{\"type\":"));
        using var client = server.Client();
        await using var events = client.For(Kinds.Pods).WatchAsync(Web, "10", Ct).GetAsyncEnumerator(Ct);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("a", events.Current.Key.Name);
        read.SetResult();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => events.MoveNextAsync().AsTask());

        Assert.Equal("WatchInterrupted", error.Reason);
    }

    [Fact]
    public async Task A_stream_that_outlives_its_time_in_silence_is_torn_down()
    {
        var time = new ManualTime();
        var gone = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(async http =>
        {
            await Reply.OpenStream(Reply.Event("ADDED", Reply.Pod("a", 11)))(http);
            gone.SetResult();
        });
        using var client = server.Client(time);
        await using var events = client.For(Kinds.Pods).WatchAsync(Web, "10", TimeSpan.FromSeconds(60), Ct).GetAsyncEnumerator(Ct);
        Assert.True(await events.MoveNextAsync());
        var next = events.MoveNextAsync().AsTask();

        time.Advance(TimeSpan.FromSeconds(60));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(15));

        var error = await Assert.ThrowsAsync<KubernetesException>(() => next);
        Assert.Equal("WatchSilent", error.Reason);
        await gone.Task.WaitAsync(Ct);
    }

    [Fact]
    public async Task A_server_that_never_answers_a_watch_is_given_up_too()
    {
        var time = new ManualTime();
        var asked = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(http =>
        {
            asked.SetResult();
            return Reply.Nothing(http);
        });
        using var client = server.Client(time);
        await using var events = client.For(Kinds.Pods).WatchAsync(Web, "10", TimeSpan.FromSeconds(60), Ct).GetAsyncEnumerator(Ct);
        var next = events.MoveNextAsync().AsTask();
        await asked.Task.WaitAsync(Ct);

        time.Advance(TimeSpan.FromSeconds(75));

        Assert.Equal("WatchSilent", (await Assert.ThrowsAsync<KubernetesException>(() => next)).Reason);
    }

    [Fact]
    public async Task Cancelling_ends_the_watch_and_the_connection()
    {
        var gone = new TaskCompletionSource();
        await using var server = await ScriptedServer.StartAsync(async http =>
        {
            await Reply.OpenStream(Reply.Event("ADDED", Reply.Pod("a", 11)))(http);
            gone.SetResult();
        });
        using var client = server.Client();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        await using var events = client.For(Kinds.Pods).WatchAsync(Web, "10", stop.Token).GetAsyncEnumerator(stop.Token);
        Assert.True(await events.MoveNextAsync());
        var next = events.MoveNextAsync().AsTask();

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        await gone.Task.WaitAsync(Ct);
    }

    [Fact]
    public async Task An_object_that_cannot_be_read_is_reported_with_its_key_and_the_rest_goes_on()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Stream(
            Reply.Event("ADDED", Reply.Pod("bad", 11, ""","spec":{"containers":"none"}""")), Reply.Event("ADDED", Reply.Pod("a", 12))));
        using var client = server.Client();

        var seen = await client.For(Kinds.Pods).WatchAsync(Web, "10", Ct).ToListAsync(Ct);

        Assert.Equal([("bad", true), ("a", false)], seen.Select(change => (change.Key.Name, change.Unreadable is not null)));
        Assert.Equal("11", seen[0].ResourceVersion);
        Assert.Contains("$.spec.containers", seen[0].Unreadable, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_carry_the_status_code()
    {
        await using var server = await ScriptedServer.StartAsync(Reply.Refuse(403, "Forbidden", "pods is forbidden"));
        using var client = server.Client();

        var error = await Assert.ThrowsAsync<KubernetesException>(() => CollectAsync(client, []));

        Assert.Equal((HttpStatusCode.Forbidden, "watch pods in web: pods is forbidden"), (error.StatusCode, error.Message));
    }

    private async Task CollectAsync(KubernetesClient client, List<string> names)
    {
        await foreach (var change in client.For(Kinds.Pods).WatchAsync(Web, "10", Ct))
            names.Add(change.Key.Name);
    }
}
