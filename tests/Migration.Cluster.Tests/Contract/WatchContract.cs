namespace Migration.Cluster.Tests.Contract;

public sealed class WatchContract(ContractCluster cluster)
{
    [Fact]
    public async Task A_watch_continues_where_a_list_ended()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreateGadgetAsync("before")).Expect(201);
        var list = (await space.Api.GetAsync(space.Gadgets())).Expect(200);
        (await space.CreateGadgetAsync("between")).Expect(201);
        using var watch = await space.Api.WatchAsync(space.Gadgets($"?watch=true&resourceVersion={list.Version}"));
        Assert.Equal("ADDED between", await watch.NextNameAsync());
        (await space.Api.PatchAsync(space.Gadgets("before"), "merge", """{"spec":{"size":"large"}}""")).Expect(200);
        Assert.Equal("MODIFIED before", await watch.NextNameAsync());
        (await space.Api.DeleteAsync(space.Gadgets("before"))).Expect(200);
        Assert.Equal("DELETED before", await watch.NextNameAsync());
    }

    [Fact]
    public async Task A_watch_without_a_version_begins_with_what_is_there()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreateGadgetAsync("a")).Expect(201);
        using var watch = await space.Api.WatchAsync(space.Gadgets("?watch=1"));
        Assert.Equal("ADDED a", await watch.NextNameAsync());
        (await space.CreateGadgetAsync("b")).Expect(201);
        Assert.Equal("ADDED b", await watch.NextNameAsync());
    }

    [Fact]
    public async Task What_leaves_or_enters_a_selection_is_deleted_or_added_for_the_watcher()
    {
        await using var space = await cluster.NewSpaceAsync();
        await space.CreatePodAsync("p", """{"app":"web"}""");
        var version = (await space.Api.GetAsync(space.Core("pods"))).Version;
        using var watch = await space.Api.WatchAsync(space.Core($"pods?watch=true&labelSelector=app%3Dweb&resourceVersion={version}"));
        (await space.Api.PatchAsync(space.Core("pods/p"), "merge", """{"metadata":{"labels":{"app":"db"}}}""")).Expect(200);
        Assert.Equal("DELETED p", await watch.NextNameAsync());
        (await space.Api.PatchAsync(space.Core("pods/p"), "merge", """{"metadata":{"labels":{"app":"web"}}}""")).Expect(200);
        Assert.Equal("ADDED p", await watch.NextNameAsync());
    }

    [Fact]
    public async Task One_object_is_watched_by_its_name()
    {
        await using var space = await cluster.NewSpaceAsync();
        var version = (await space.CreateGadgetAsync("a")).Expect(201).Version;
        using var watch = await space.Api.WatchAsync(space.Gadgets($"?watch=true&fieldSelector=metadata.name%3Db&resourceVersion={version}"));
        (await space.CreateGadgetAsync("c")).Expect(201);
        (await space.CreateGadgetAsync("b")).Expect(201);
        Assert.Equal("ADDED b", await watch.NextNameAsync());
    }

    [Fact]
    public async Task A_watch_ends_in_time_with_a_bookmark_before()
    {
        await using var space = await cluster.NewSpaceAsync();
        var version = (await space.CreateGadgetAsync("a")).Expect(201).Version;
        using var watch = await space.Api.WatchAsync(space.Gadgets($"?watch=true&timeoutSeconds=3&allowWatchBookmarks=true&resourceVersion={version}"));
        var types = new List<string>();
        while (await watch.NextAsync() is { } next)
        {
            types.Add((string)next["type"]!);
            Assert.Equal("Gadget", (string?)next["object"]!["kind"]);
            Assert.True(ulong.Parse((string)next["object"]!["metadata"]!["resourceVersion"]!) >= ulong.Parse(version));
        }
        Assert.NotEmpty(types);
        Assert.All(types, t => Assert.Equal("BOOKMARK", t));
    }

    [Fact]
    public async Task Initial_events_end_with_a_bookmark_that_says_so()
    {
        await using var space = await cluster.NewSpaceAsync();
        (await space.CreateGadgetAsync("a")).Expect(201);
        using var watch = await space.Api.WatchAsync(space.Gadgets("?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"));
        Assert.Equal("a", (string?)(await watch.NextAsync())!["object"]!["metadata"]!["name"]);
        var bookmark = (await watch.NextAsync())!;
        Assert.Equal("BOOKMARK", (string?)bookmark["type"]);
        Assert.Equal("true", (string?)bookmark["object"]!["metadata"]!["annotations"]!["k8s.io/initial-events-end"]);
    }

    [Fact]
    public async Task A_watch_from_the_future_waits_for_it()
    {
        await using var space = await cluster.NewSpaceAsync();
        using var watch = await space.Api.WatchAsync(space.Gadgets("?watch=true&timeoutSeconds=1&resourceVersion=900000000000"));
        Assert.True(watch.Code is 200 or 504);
        while (await watch.NextAsync() is { } next)
            Assert.True((string?)next["type"] is "ERROR" or null, next.ToJsonString());
    }

    [Fact]
    public async Task A_version_that_is_no_number_is_refused() =>
        (await cluster.Api.GetAsync("/api/v1/namespaces/default/configmaps?watch=true&resourceVersion=soon")).Expect(400);

    [Fact]
    public async Task A_watch_from_before_the_compaction_is_told_to_list_again()
    {
        await using var space = await cluster.NewSpaceAsync();
        var old = (await space.CreateGadgetAsync("a")).Expect(201).Version;
        if (cluster.IsEmbedded)
        {
            (await space.CreateGadgetAsync("b")).Expect(201);
            cluster.Server.Compact();
        }
        using var watch = await space.Api.WatchAsync(space.Gadgets($"?watch=true&timeoutSeconds=5&resourceVersion={(cluster.IsEmbedded ? old : "1")}"));
        var error = (await watch.NextAsync())!;
        Assert.Equal(("ERROR", "Expired", 410), ((string?)error["type"], (string?)error["object"]!["reason"], (int)error["object"]!["code"]!));
        Assert.StartsWith("too old resource version:", (string?)error["object"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_come_as_tables_too()
    {
        await using var space = await cluster.NewSpaceAsync();
        using var watch = await space.Api.WatchAsync(space.Gadgets("?watch=true"), "application/json;as=Table;v=v1;g=meta.k8s.io");
        (await space.CreateGadgetAsync("a")).Expect(201);
        var first = (await watch.NextAsync())!["object"]!;
        Assert.Equal(("Table", "a"), ((string?)first["kind"], (string?)first["rows"]![0]!["cells"]![0]));
        Assert.NotEmpty(first["columnDefinitions"]!.AsArray());
    }

    [Fact]
    public async Task Every_change_arrives_once_and_in_order_while_many_write()
    {
        await using var space = await cluster.NewSpaceAsync();
        var version = (await space.Api.GetAsync(space.Core("configmaps"))).Version;
        using var watch = await space.Api.WatchAsync(space.Core($"configmaps?watch=true&labelSelector=storm&resourceVersion={version}"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async writer =>
        {
            for (var i = 0; i < 25; i++)
                (await space.CreateConfigMapAsync($"s-{writer}-{i}", "{}", ""","labels":{"storm":""}""")).Expect(201);
        }));
        var (seen, last) = (new HashSet<string>(), 0UL);
        while (seen.Count < 200)
        {
            var item = (await watch.NextAsync())!["object"]!["metadata"]!;
            var revision = ulong.Parse((string)item["resourceVersion"]!);
            Assert.True(revision > last, "changes are in order");
            Assert.True(seen.Add((string)item["name"]!), "no change comes twice");
            last = revision;
        }
    }
}
