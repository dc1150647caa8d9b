using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Kubernetes;

namespace Migration.Cluster.Tests.Client;

/// <summary>Informer, lease and events on a whole API server.</summary>
public sealed class RuntimeContractTests(AnyApiServer server) : IClassFixture<AnyApiServer>, IDisposable
{
    private readonly CancellationTokenSource _limit = new(AnyApiServer.Limit);

    private CancellationToken Ct => _limit.Token;

    public void Dispose() => _limit.Dispose();

    private ResourceClient<ConfigMap> Maps => server.Client.For(Kinds.ConfigMaps);

    [Fact]
    public async Task An_informer_ends_up_with_what_the_server_has_and_every_last_change_is_in_the_queue()
    {
        var ns = await server.NamespaceAsync(Ct);
        var options = new ListOptions { Namespace = ns, LabelSelector = "churn" };
        using var queue = new WorkQueue("maps");
        await using var informer = new Informer<ConfigMap>(server.Client, Kinds.ConfigMaps, options).Feed(queue).Start();
        await informer.Synced.WaitAsync(Ct);
        var seen = new ConcurrentDictionary<ObjectKey, string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var taking = TakeAsync(queue, key => seen[key] = informer.Store.Get(key)?.Metadata.ResourceVersion ?? "gone", stop.Token);

        await Task.WhenAll(Enumerable.Range(1, 3).Select(seed => ChurnAsync(ns, seed)));

        var expected = (await Maps.ListAsync(options, Ct)).ToDictionary(map => map.Key, map => map.Metadata.ResourceVersion!);
        await EventuallyAsync(() => Same(expected, informer.Store.All().ToDictionary(map => map.Key, map => map.Metadata.ResourceVersion!)));
        await EventuallyAsync(() => Same(expected, seen.Where(entry => entry.Value != "gone").ToDictionary()));
        await stop.CancelAsync();
        await taking;
    }

    [Fact]
    public async Task An_informer_behind_a_line_that_breaks_all_the_time_misses_nothing()
    {
        var ns = await server.NamespaceAsync(Ct);
        var options = new ListOptions { Namespace = ns, LabelSelector = "churn" };
        await using var line = new BreakingLine(server.Config.Server, seed: 7);
        using var client = new KubernetesClient(server.Config with { Server = line.Url, TlsServerName = server.Config.TlsServerName ?? server.Config.Server.Host });
        using var queue = new WorkQueue("maps");
        var log = new LogLines();
        await using var informer = new Informer<ConfigMap>(client, Kinds.ConfigMaps, options, log).Feed(queue).Start();
        var seen = new ConcurrentDictionary<ObjectKey, string>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var taking = TakeAsync(queue, key => seen[key] = informer.Store.Get(key)?.Metadata.ResourceVersion ?? "gone", stop.Token);

        await Task.WhenAll(Enumerable.Range(11, 3).Select(seed => ChurnAsync(ns, seed)));
        await EventuallyAsync(() => line.Breaks > 3);
        await ChurnAsync(ns, 14);

        var expected = (await Maps.ListAsync(options, Ct)).ToDictionary(map => map.Key, map => map.Metadata.ResourceVersion!);
        await EventuallyAsync(() => Same(expected, informer.Store.All().ToDictionary(map => map.Key, map => map.Metadata.ResourceVersion!)), () => $"{line.Breaks} breaks, stale for {informer.Staleness.TotalSeconds:0.0} s\n{log}");
        await EventuallyAsync(() => Same(expected, seen.Where(entry => entry.Value != "gone").ToDictionary()), () => $"{log}");
        await stop.CancelAsync();
        await taking;
    }

    [Fact]
    public async Task Of_two_candidates_one_leads_and_the_other_follows()
    {
        var ns = await server.NamespaceAsync(Ct);
        var leaders = new ConcurrentQueue<string>();
        using var first = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        using var second = CancellationTokenSource.CreateLinkedTokenSource(Ct);
        var a = LeadAsync(ns, "a", leaders, first.Token);
        await EventuallyAsync(() => leaders.Count == 1);
        var b = LeadAsync(ns, "b", leaders, second.Token);
        var lease = await server.Client.For(Kinds.Leases).GetAsync(new ObjectKey(ns, "leader"), Ct);
        Assert.Equal("a", lease.Spec!.HolderIdentity);

        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => a);
        await EventuallyAsync(() => leaders.Count == 2);

        Assert.Equal(["a", "b"], leaders);
        lease = await server.Client.For(Kinds.Leases).GetAsync(new ObjectKey(ns, "leader"), Ct);
        Assert.Equal(("b", 1), (lease.Spec!.HolderIdentity, lease.Spec.LeaseTransitions));
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => b);
    }

    [Fact]
    public async Task Events_are_stored_and_repeats_are_counted()
    {
        var ns = await server.NamespaceAsync(Ct);
        var map = await Maps.CreateAsync(ClientContractTests.Map(ns, "m"), Ct);
        await using (var events = new EventRecorder(server.Client, "client-tests", "here", NullLogger.Instance))
        {
            events.Warning(map, "Broken", "it does not work");
            events.Warning(map, "Broken", "it does not work");
            events.Normal(map, "Fixed", "it does");
        }

        var stored = await server.Client.For(Kinds.Events).ListAsync(new ListOptions { Namespace = ns, FieldSelector = $"involvedObject.uid={map.Metadata.Uid}" }, Ct);

        Assert.Equal([("Broken", "Warning", 2), ("Fixed", "Normal", 1)], stored.OrderBy(one => one.Reason).Select(one => (one.Reason!, one.Type!, one.Count!.Value)));
    }

    private async Task ChurnAsync(string ns, int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 150; i++)
        {
            var key = new ObjectKey(ns, $"m{seed}-{random.Next(10)}");
            var map = await Maps.FindAsync(key, Ct);
            if (map is null)
                await Maps.CreateAsync(ClientContractTests.Map(ns, key.Name, ("churn", "yes")), Ct);
            else if (random.Next(3) == 0)
                await Maps.EnsureDeletedAsync(map, DeleteOptions.Default, Ct);
            else
                await Maps.UpdateAsync(map with { Data = new Dictionary<string, string> { ["i"] = $"{i}" } }, Ct);
        }
    }

    private Task LeadAsync(string ns, string identity, ConcurrentQueue<string> leaders, CancellationToken ct) =>
        new LeaderLease(server.Client, new ObjectKey(ns, "leader"), identity, NullLogger.Instance) { RetryPeriod = TimeSpan.FromMilliseconds(100) }.LeadAsync(async leading =>
        {
            leaders.Enqueue(identity);
            await Task.Delay(Timeout.Infinite, leading);
        }, ct);

    private static async Task TakeAsync(WorkQueue queue, Action<ObjectKey> take, CancellationToken ct)
    {
        try
        {
            while (true)
            {
                var key = await queue.TakeAsync(ct);
                take(key);
                queue.Done(key);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    private static bool Same(Dictionary<ObjectKey, string> one, Dictionary<ObjectKey, string> other) =>
        one.Count == other.Count && one.All(entry => other.GetValueOrDefault(entry.Key) == entry.Value);

    private async Task EventuallyAsync(Func<bool> condition, Func<string>? otherwise = null)
    {
        while (!condition())
        {
            if (Ct.IsCancellationRequested)
                Assert.Fail(otherwise?.Invoke() ?? "it never happened");
            await Task.Delay(10, CancellationToken.None);
        }
    }
}
