using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Migration.Kubernetes;

/// <summary>
/// Keeps a <see cref="Store{T}"/> equal to a collection on the server: lists it once, then watches, for ever. Queues that
/// it feeds get the keys of what changed, and nothing else.
/// </summary>
/// <remarks>
/// A stream that ends or breaks is resumed where it was. When the server no longer has that version (410), the collection is
/// listed again and compared: what vanished meanwhile is reported too. An object that cannot be read is logged and
/// counted, and the store keeps the last version that could: taking it for deleted would be worse.
/// </remarks>
public sealed class Informer<T> : IAsyncDisposable
    where T : KubernetesObject
{
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));

    private readonly ResourceClient<T> _resource;
    private readonly ListOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly List<Action<T>> _feeds = [];
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private long _lastHeard;

    /// <summary>Where the next watch begins; null when the collection must be listed first. The loop's own, as the next one.</summary>
    private string? _version;
    private int _failures;

    public Informer(KubernetesClient client, ResourceKind<T> kind, ListOptions? options = null, ILogger? logger = null)
    {
        _resource = client.For(kind);
        _options = options ?? ListOptions.All;
        _time = client.Time;
        _logger = logger ?? NullLogger.Instance;
        _lastHeard = _time.GetTimestamp();
    }

    /// <summary>What is known now.</summary>
    public Store<T> Store { get; } = new();

    /// <summary>Done when the first list is in the store, and its keys in the queues.</summary>
    public Task Synced => _synced.Task;

    /// <summary>How long since the server last said anything, a bookmark included.</summary>
    public TimeSpan Staleness => _time.GetElapsedTime(Volatile.Read(ref _lastHeard));

    internal string KindName => _resource.Kind.ToString();

    /// <summary>Every object that changes has its own key queued. Before <see cref="Start"/>.</summary>
    public Informer<T> Feed(WorkQueue queue) => Feed(queue, item => [item.Key]);

    /// <summary>
    /// Every object that changes has the keys of others queued: its owner's, for instance. Asked for the object as it was and as it
    /// is, so that a child that changes hands wakes both.
    /// </summary>
    public Informer<T> Feed(WorkQueue queue, Func<T, IEnumerable<ObjectKey>> keys)
    {
        _feeds.Add(item =>
        {
            foreach (var key in keys(item))
                queue.Add(key);
        });
        return this;
    }

    /// <summary>Begins; the caller disposes to end.</summary>
    public Informer<T> Start()
    {
        Metrics.Declare(this);
        _loop = RunAsync(_stop.Token);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        Metrics.Forget(this);
        _synced.TrySetCanceled();
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken ct)
    {
        while (!ct.IsCancellationRequested)
        {
            var wait = await FollowOnceAsync(ct);
            if (wait > TimeSpan.Zero)
                await Task.Delay(wait, _time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Follows the server until the stream ends, one way or another; returns how long to leave the server alone.</summary>
    private async Task<TimeSpan> FollowOnceAsync(CancellationToken ct)
    {
        try
        {
            return await FollowAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
        catch (KubernetesException e)
        {
            return Refused(e);
        }
        catch (Exception e)
        {
            return Mistaken(e);
        }
    }

    private async Task<TimeSpan> FollowAsync(CancellationToken ct)
    {
        _version ??= await ListAsync(ct);
        var start = _time.GetTimestamp();
        var events = 0;
        await foreach (var change in _resource.WatchAsync(_options, _version, ct))
        {
            Apply(change);
            events++;
            _failures = 0;
            if (change.ResourceVersion.Length > 0)
                _version = change.ResourceVersion;
        }
        Metrics.WatchEnded(KindName, "ended");
        // A server that ends every stream at once must not be asked in a tight loop.
        _failures = events == 0 && _time.GetElapsedTime(start) < TimeSpan.FromSeconds(1) ? _failures + 1 : 0;
        return _failures > 0 ? Backoff.Jittered(_failures) : TimeSpan.Zero;
    }

    private TimeSpan Refused(KubernetesException e)
    {
        _failures++;
        if (e.IsGone)
            _version = null;
        // The first list after a 410 needs no wait; the second in a row does.
        var wait = e.IsGone && _failures == 1 ? TimeSpan.Zero : Longer(Backoff.Jittered(_failures), e.RetryAfter);
        Metrics.WatchEnded(KindName, e.Reason);
        Log.WatchFailed(_logger, KindName, e.Message, wait.TotalSeconds);
        return wait;
    }

    /// <summary>A bug, in a feed or an index or here. A store that stands still for ever would be worse than a new start.</summary>
    private TimeSpan Mistaken(Exception e)
    {
        _failures++;
        _version = null;
        var wait = Backoff.Jittered(_failures);
        Metrics.WatchEnded(KindName, "Mistake");
        Log.InformerFailed(_logger, KindName, wait.TotalSeconds, e);
        return wait;
    }

    private static TimeSpan Longer(TimeSpan wait, TimeSpan? asked) => asked > wait ? asked.Value : wait;

    /// <summary>Makes the store what the server has; returns the version to watch from.</summary>
    private async Task<string> ListAsync(CancellationToken ct)
    {
        var list = await _resource.ListWithVersionAsync(_options, ct);
        Volatile.Write(ref _lastHeard, _time.GetTimestamp());
        var gone = Store.Keys().ToHashSet();
        foreach (var item in list.Items)
        {
            gone.Remove(item.Key);
            Put(item);
        }
        foreach (var bad in list.Unreadable)
        {
            gone.Remove(bad.Key);
            Unreadable(bad.Key, bad.Reason);
        }
        foreach (var key in gone)
            Remove(key);
        if (_synced.TrySetResult())
            Log.InformerSynced(_logger, KindName, list.Items.Count);
        return list.ResourceVersion;
    }

    private void Apply(WatchEvent<T> change)
    {
        Volatile.Write(ref _lastHeard, _time.GetTimestamp());
        if (change.Type == WatchEventType.Deleted)
            Remove(change.Key);
        else if (change.Unreadable is { } why)
            Unreadable(change.Key, why);
        else if (change.Object is { } item)
            Put(item);
    }

    private void Put(T item)
    {
        // The largest part of most objects, and nobody reads it here. A server takes an update without it as "unchanged".
        var kept = item.Metadata.ManagedFields is null ? item : item with { Metadata = item.Metadata with { ManagedFields = null } };
        var before = Store.Put(kept);
        if (before is null || kept.Metadata.ResourceVersion is null || before.Metadata.ResourceVersion != kept.Metadata.ResourceVersion)
            Tell(before, kept);
    }

    private void Remove(ObjectKey key) => Tell(Store.Remove(key), null);

    private void Unreadable(ObjectKey key, string why)
    {
        Metrics.Unreadable(KindName);
        Log.ObjectUnreadable(_logger, KindName, key, why);
    }

    private void Tell(T? before, T? after)
    {
        foreach (var feed in _feeds)
        {
            if (before is not null)
                feed(before);
            if (after is not null)
                feed(after);
        }
    }
}
