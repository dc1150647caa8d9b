using System.Text.Json.Nodes;
using Migration.Kubernetes;

namespace Migration.Cluster.Tests.Client;

/// <summary>What our client relies on, asked of a whole API server.</summary>
public sealed class ClientContractTests(AnyApiServer server) : IClassFixture<AnyApiServer>, IDisposable
{
    private readonly CancellationTokenSource _limit = new(AnyApiServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose() => _limit.Dispose();

    private ResourceClient<ConfigMap> Maps => server.Client.For(Kinds.ConfigMaps);

    private ResourceClient<Pod> Pods => server.Client.For(Kinds.Pods);

    [Fact]
    public async Task Fields_we_do_not_know_survive_a_read_modify_write()
    {
        var ns = await server.NamespaceAsync(Ct);
        var json = (JsonObject)JsonNode.Parse("""
            {"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"nginx","livenessProbe":{"tcpSocket":{"port":80},"periodSeconds":7},
             "lifecycle":{"preStop":{"exec":{"command":["true"]}}}}],"hostAliases":[{"ip":"10.0.0.9","hostnames":["x"]}],
             "topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"zone","whenUnsatisfiable":"ScheduleAnyway"}]}}
            """)!;
        json["metadata"]!["namespace"] = ns;
        var pod = await Pods.CreateAsync(Kinds.Pods.FromNode(json), Ct);

        await Pods.UpdateAsync(pod with { Metadata = pod.Metadata.WithLabel("edited", "yes") }, Ct);

        var spec = Kinds.Pods.ToNode(await Pods.GetAsync(pod.Key, Ct))["spec"]!;
        Assert.Equal(7, (int)spec["containers"]![0]!["livenessProbe"]!["periodSeconds"]!);
        Assert.Equal("true", (string?)spec["containers"]![0]!["lifecycle"]!["preStop"]!["exec"]!["command"]![0]);
        Assert.Equal("10.0.0.9", (string?)spec["hostAliases"]![0]!["ip"]);
        Assert.Equal("zone", (string?)spec["topologySpreadConstraints"]![0]!["topologyKey"]);
    }

    [Fact]
    public async Task Refusals_are_what_they_are()
    {
        var ns = await server.NamespaceAsync(Ct);
        var map = await Maps.CreateAsync(Map(ns, "m"), Ct);

        Assert.True((await RefusedAsync(() => Maps.GetAsync(new ObjectKey(ns, "none"), Ct))).IsNotFound);
        var twice = await RefusedAsync(() => Maps.CreateAsync(Map(ns, "m"), Ct));
        Assert.True(twice.IsAlreadyExists);
        Assert.Equal($"create configmaps {ns}/m: configmaps \"m\" already exists", twice.Message);
        var invalid = await RefusedAsync(() => Maps.CreateAsync(Map(ns, "Not_A_Name"), Ct));
        Assert.True(invalid.IsInvalid);
        Assert.Contains("metadata.name", invalid.Message, StringComparison.Ordinal);
        await Maps.UpdateAsync(map with { Data = new Dictionary<string, string> { ["a"] = "2" } }, Ct);
        Assert.True((await RefusedAsync(() => Maps.UpdateAsync(map with { Data = new Dictionary<string, string> { ["a"] = "3" } }, Ct))).IsConflict);
    }

    [Fact]
    public async Task A_status_is_written_apart_and_only_when_unchanged()
    {
        var ns = await server.NamespaceAsync(Ct);
        var writer = new StatusWriter<Pod>(Pods);
        var pod = await Pods.CreateAsync(Pod(ns, "p"), Ct);

        var running = await writer.WriteAsync(pod, pod with { Status = (pod.Status ?? new PodStatus()) with { Phase = "Running", PodIp = "10.1.2.3" } }, Ct);

        Assert.Equal(("Running", "10.1.2.3"), (running.Status!.Phase, (await Pods.GetAsync(pod.Key, Ct)).Status!.PodIp));
        Assert.Same(running, await writer.WriteAsync(running, running with { }, Ct));
        Assert.True((await RefusedAsync(() => writer.WriteAsync(pod, pod with { Status = pod.Status! with { Phase = "Failed" } }, Ct))).IsConflict);
    }

    [Fact]
    public async Task Patches_of_every_kind_are_understood()
    {
        var ns = await server.NamespaceAsync(Ct);
        var map = await Maps.CreateAsync(Map(ns, "m"), Ct);

        var merged = await Maps.PatchAsync(map.Key, Patch.Merge(new JsonObject { ["data"] = new JsonObject { ["b"] = "2" } }), Ct);
        Assert.Equal(["a=1", "b=2"], Data(merged));
        var edited = await Maps.PatchAsync(map.Key, Patch.Json(JsonOperation.Test("/data/a", "1"), JsonOperation.Remove("/data/a")), Ct);
        Assert.Equal(["b=2"], Data(edited));
        var failed = await RefusedAsync(() => Maps.PatchAsync(map.Key, Patch.Json(JsonOperation.Test("/data/b", "9"), JsonOperation.Remove("/data/b")), Ct));
        Assert.True(failed.IsInvalid, failed.Message);
        Assert.Equal(["b=2"], Data(await Maps.GetAsync(map.Key, Ct)));
    }

    [Fact]
    public async Task Server_side_apply_makes_changes_and_defends_its_fields()
    {
        var ns = await server.NamespaceAsync(Ct);
        var wanted = Map(ns, "m");

        var made = await Maps.ApplyAsync(wanted, "one", force: false, Ct);
        var shared = await Maps.ApplyAsync(wanted with { Data = new Dictionary<string, string> { ["b"] = "2" } }, "two", force: false, Ct);
        Assert.Equal(["a=1", "b=2"], Data(shared));
        var conflict = await RefusedAsync(() => Maps.ApplyAsync(wanted with { Data = new Dictionary<string, string> { ["a"] = "9" } }, "two", force: false, Ct));
        Assert.True(conflict.IsConflict);
        var forced = await Maps.ApplyAsync(wanted with { Data = new Dictionary<string, string> { ["a"] = "9" } }, "two", force: true, Ct);

        Assert.Equal(["a=9"], Data(forced));
        Assert.Equal(made.Metadata.Uid, forced.Metadata.Uid);
    }

    [Fact]
    public async Task Dry_runs_leave_nothing()
    {
        var ns = await server.NamespaceAsync(Ct);

        var made = await Maps.CreateAsync(Map(ns, "m"), new WriteOptions { DryRun = true }, Ct);

        Assert.Equal(["a=1"], Data(made));
        Assert.Null(await Maps.FindAsync(made.Key, Ct));
    }

    [Fact]
    public async Task Deletion_minds_preconditions_and_finalizers()
    {
        var ns = await server.NamespaceAsync(Ct);
        var map = await Maps.CreateAsync(Map(ns, "m"), Ct);
        map = await Maps.EnsureFinalizerAsync(map, "tests.migration.internal/hold", Ct);

        Assert.True((await RefusedAsync(() => Maps.DeleteAsync(map.Key, new DeleteOptions { Preconditions = new Preconditions { Uid = "another" } }, Ct))).IsConflict);
        await Maps.EnsureDeletedAsync(map, DeleteOptions.Default, Ct);
        var held = await Maps.GetAsync(map.Key, Ct);
        Assert.True(held.IsDeleting);
        await Maps.RemoveFinalizerAsync(held, "tests.migration.internal/hold", Ct);

        Assert.Null(await Maps.FindAsync(map.Key, Ct));
        await Maps.EnsureDeletedAsync(map, DeleteOptions.Default, Ct);
    }

    [Fact]
    public async Task Lists_come_in_pages_and_are_selected_by_labels_and_fields()
    {
        var ns = await server.NamespaceAsync(Ct);
        for (var i = 0; i < 10; i++)
            await Maps.CreateAsync(Map(ns, $"m{i}", ("parity", i % 2 == 0 ? "even" : "odd")), Ct);
        // Real servers put a certificate into every namespace.
        var ours = new ListOptions { Namespace = ns, LabelSelector = "parity", PageSize = 3 };

        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"m{i}"), Names(await Maps.ListAsync(ours, Ct)));
        Assert.Equal(["m1", "m3", "m5", "m7", "m9"], Names(await Maps.ListAsync(ours with { LabelSelector = "parity in (odd),parity!=even" }, Ct)));
        Assert.Equal(["m4"], Names(await Maps.ListAsync(ours with { FieldSelector = "metadata.name=m4" }, Ct)));
        Assert.All(await Maps.ListAsync(ours, Ct), map => Assert.Equal(("v1", "ConfigMap"), (map.ApiVersion, map.Kind)));
    }

    [Fact]
    public async Task A_watch_tells_what_happened_after_the_list()
    {
        var ns = await server.NamespaceAsync(Ct);
        var options = new ListOptions { Namespace = ns, LabelSelector = "watched" };
        await Maps.CreateAsync(Map(ns, "before", ("watched", "yes")), Ct);
        var list = await Maps.ListWithVersionAsync(options, Ct);
        var made = await Maps.CreateAsync(Map(ns, "m", ("watched", "yes")), Ct);
        await Maps.CreateAsync(Map(ns, "other"), Ct);
        var edited = await Maps.UpdateAsync(made with { Data = new Dictionary<string, string>() }, Ct);
        // One that stops matching is deleted as far as this watch is concerned.
        await Maps.UpdateAsync(edited with { Metadata = edited.Metadata.WithoutLabel("watched") }, Ct);

        var seen = await Maps.WatchAsync(options, list.ResourceVersion, Ct).Where(change => change.Type != WatchEventType.Bookmark).Take(3).ToListAsync(Ct);

        Assert.Equal([(WatchEventType.Added, "m"), (WatchEventType.Modified, "m"), (WatchEventType.Deleted, "m")], seen.Select(change => (change.Type, change.Key.Name)));
    }

    [Fact]
    public async Task A_watch_ends_in_good_order_when_its_time_is_over()
    {
        var ns = await server.NamespaceAsync(Ct);
        var options = new ListOptions { Namespace = ns };
        var list = await Maps.ListWithVersionAsync(options, Ct);

        await Maps.WatchAsync(options, list.ResourceVersion, TimeSpan.FromSeconds(1), Ct).ToListAsync(Ct);
    }

    [Fact]
    public async Task A_version_that_is_too_old_is_gone()
    {
        if (server.Embedded is not { } embedded)
        {
            // A real server compacts when it likes; it refuses versions that never were the same way.
            var error = await RefusedAsync(async () => await Maps.WatchAsync(ListOptions.All, "1", Ct).FirstAsync(Ct));
            Assert.True(error.IsGone);
            return;
        }
        var list = await Maps.ListWithVersionAsync(ListOptions.All, Ct);
        await server.NamespaceAsync(Ct);
        var ns = await server.NamespaceAsync(Ct);
        await Maps.CreateAsync(Map(ns, "m"), Ct);
        embedded.Compact();

        Assert.True((await RefusedAsync(async () => await Maps.WatchAsync(ListOptions.All, list.ResourceVersion, Ct).FirstAsync(Ct))).IsGone);
    }

    internal static ConfigMap Map(string ns, string name, params (string Name, string Value)[] labels) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name, Labels = labels.Length == 0 ? null : labels.ToDictionary(label => label.Name, label => label.Value) },
        Data = new Dictionary<string, string> { ["a"] = "1" },
    };

    private static Pod Pod(string ns, string name) => new()
    {
        Metadata = new ObjectMeta { Namespace = ns, Name = name },
        Spec = new PodSpec { Containers = [new Container { Name = "c", Image = "nginx" }] },
    };

    private static IEnumerable<string> Data(ConfigMap map) => map.Data!.Select(entry => $"{entry.Key}={entry.Value}").Order(StringComparer.Ordinal);

    private static IEnumerable<string> Names(IEnumerable<ConfigMap> maps) => maps.Select(map => map.Metadata.Name!);

    private static Task<KubernetesException> RefusedAsync(Func<Task> act) => Assert.ThrowsAsync<KubernetesException>(act);
}
