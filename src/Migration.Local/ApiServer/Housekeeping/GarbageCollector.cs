using Microsoft.Extensions.Logging;

namespace Migration.Local.ApiServer;

/// <summary>
/// Deletes what belongs to objects that are gone, empties namespaces and definitions that are being deleted, keeps the counts of disruption budgets, and forgets old events. It follows
/// every change of the store; each step looks at the present state, so repeating one does no harm.
/// </summary>
internal sealed class GarbageCollector : IAsyncDisposable
{
    private static readonly TimeSpan RetryPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepPeriod = TimeSpan.FromMinutes(1);

    private readonly Store _store;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly OwnershipGraph _graph = new();
    private readonly Dependents _dependents;
    private readonly Emptying _emptying;
    private readonly OldEvents _oldEvents;
    private readonly DisruptionBudgets _budgets;
    private readonly HashSet<(string Resource, ObjectKey Key)> _failed = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    private GarbageCollector(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, ApiServerOptions options, ILogger log)
    {
        _store = store;
        _time = options.Time;
        _log = log;
        _dependents = new Dependents(store, registry, writer, remover, _graph);
        _emptying = new Emptying(store, registry, writer, remover);
        _budgets = new DisruptionBudgets(store, registry, writer, _time);
        _oldEvents = new OldEvents(store, registry, remover, _time);
        _loop = Task.Run(() => RunAsync(_stopping.Token));
    }

    public static GarbageCollector Start(Store store, ResourceRegistry registry, ObjectWriter writer, ObjectRemover remover, ApiServerOptions options, ILogger log) =>
        new(store, registry, writer, remover, options, log);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _loop;
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken ct)
    {
        try
        {
            var (objects, watcher) = _store.WatchEverything();
            using (watcher)
            {
                foreach (var (resource, item) in objects)
                    _graph.Add(resource, item);
                foreach (var (resource, item) in objects)
                    await TendAsync(resource, item, ct);
                await FollowAsync(watcher, ct);
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task FollowAsync(Watcher watcher, CancellationToken ct)
    {
        var nextSweep = _time.GetUtcNow() + SweepPeriod;
        var news = watcher.Changes.WaitToReadAsync(ct).AsTask();
        while (true)
        {
            var wait = _failed.Count > 0 ? RetryPeriod : SweepPeriod;
            using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(ct))
            {
                await Task.WhenAny(news, Task.Delay(wait, _time, waiting.Token));
                await waiting.CancelAsync();
            }
            ct.ThrowIfCancellationRequested();
            while (watcher.Changes.TryRead(out var change))
                await TakeAsync(change, ct);
            await RetryFailedAsync(ct);
            if (_time.GetUtcNow() >= nextSweep)
            {
                await _oldEvents.RemoveAsync(ct);
                await _budgets.TendAllAsync(ct);
                nextSweep = _time.GetUtcNow() + SweepPeriod;
            }
            if (news.IsCompleted)
                news = watcher.Changes.WaitToReadAsync(ct).AsTask();
        }
    }

    private async Task TakeAsync(Change change, CancellationToken ct)
    {
        if (!change.Removed)
        {
            _graph.Add(change.Resource, change.After);
            await TendAsync(change.Resource, change.After, ct);
            return;
        }
        _graph.Remove(change.Resource, change.After);
        _failed.Remove((change.Resource, change.After.Key));
        await AttemptAsync(change.Resource, change.After.Key, () => _dependents.OwnerGoneAsync(change.After, ct), ct);
        await AttemptAsync(change.Resource, change.After.Key, () => _budgets.TendAsync(change.Resource, change.After, ct), ct);
        await AttemptAsync(change.Resource, change.After.Key, () => _emptying.ContentGoneAsync(change.Resource, change.After, ct), ct);
    }

    private Task TendAsync(string resource, StoredObject item, CancellationToken ct) => AttemptAsync(resource, item.Key, async () =>
    {
        await _dependents.TendAsync(resource, item, ct);
        await _emptying.TendAsync(resource, item, ct);
        await _budgets.TendAsync(resource, item, ct);
    }, ct);

    private async Task RetryFailedAsync(CancellationToken ct)
    {
        foreach (var (resource, key) in _failed.ToList())
        {
            _failed.Remove((resource, key));
            if (_store.Get(resource, key) is { } item)
                await TendAsync(resource, item, ct);
        }
    }

    private async Task AttemptAsync(string resource, ObjectKey key, Func<Task> step, CancellationToken ct)
    {
        try
        {
            await step();
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (ApiException e) when (e.Code is 404 or 409)
        {
            // Somebody else was quicker; whatever they did arrives here as another change.
        }
        catch (Exception e)
        {
            _failed.Add((resource, key));
            Log.CollectionFailed(_log, resource, key.ToString(), e);
        }
    }
}
