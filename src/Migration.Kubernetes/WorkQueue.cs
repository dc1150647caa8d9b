using System.Threading.Channels;

namespace Migration.Kubernetes;

/// <summary>
/// Keys that want a reconciler's attention. A key is in it at most once; a key added while a worker has it runs again
/// afterwards, never at the same time; a key that fails comes back after 5 ms, 10 ms, … 16 minutes, for ever.
/// </summary>
/// <remarks>
/// Three sets: <em>waiting</em> (in line), <em>dirty</em> (wants to run: all that wait, and those that were added while
/// running), <em>processing</em> (a worker has it). Plus those that wait for a time to come.
/// </remarks>
public sealed class WorkQueue : IDisposable
{
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(5 * (1 << 18)));

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Channel<ObjectKey> _waiting = Channel.CreateUnbounded<ObjectKey>();

    /// <summary>Protects everything below.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, long> _dirty = [];
    private readonly HashSet<ObjectKey> _processing = [];
    private readonly Dictionary<ObjectKey, int> _failures = [];
    private readonly Dictionary<ObjectKey, long> _due = [];
    // By time, then by the order they came in.
    private readonly PriorityQueue<ObjectKey, (long Due, long Order)> _later = new();
    private long _order;
    private bool _closed;

    public WorkQueue(string name, TimeProvider? time = null)
    {
        Name = name;
        _time = time ?? TimeProvider.System;
        _timer = _time.CreateTimer(static queue => ((WorkQueue)queue!).AddDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Metrics.Declare(this);
    }

    /// <summary>For metrics and logs.</summary>
    public string Name { get; }

    /// <summary>How many keys want to run now.</summary>
    public int Depth
    {
        get
        {
            lock (_gate)
                return _dirty.Count;
        }
    }

    /// <summary>The key shall run as soon as a worker is free.</summary>
    public void Add(ObjectKey key)
    {
        lock (_gate)
            AddLocked(key);
    }

    /// <summary>The key shall run after a while; of several times the earliest counts.</summary>
    public void AddAfter(ObjectKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }
        lock (_gate)
        {
            var due = _time.GetTimestamp() + (long)Math.Min(delay.TotalSeconds * _time.TimestampFrequency, long.MaxValue / 4);
            if (_closed || (_due.TryGetValue(key, out var earlier) && earlier <= due))
                return;
            _due[key] = due;
            _later.Enqueue(key, (due, _order++));
            SetTimerLocked();
        }
    }

    /// <summary>The key failed: it comes back after its back-off, or <paramref name="atLeast"/> if that is longer. Returns the wait.</summary>
    public TimeSpan AddAfterFailure(ObjectKey key, TimeSpan? atLeast = null)
    {
        TimeSpan delay;
        lock (_gate)
            delay = Backoff.After(_failures[key] = _failures.GetValueOrDefault(key) + 1);
        if (atLeast > delay)
            delay = atLeast.Value;
        Metrics.Retried(this);
        AddAfter(key, delay);
        return delay;
    }

    /// <summary>The key did not fail this time: its next failure counts as the first.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_gate)
            _failures.Remove(key);
    }

    /// <summary>How often the key failed in a row.</summary>
    public int Failures(ObjectKey key)
    {
        lock (_gate)
            return _failures.GetValueOrDefault(key);
    }

    /// <summary>Waits for a key; the caller has it alone until it calls <see cref="Done"/>.</summary>
    public async ValueTask<ObjectKey> TakeAsync(CancellationToken ct)
    {
        var key = await _waiting.Reader.ReadAsync(ct);
        lock (_gate)
        {
            _dirty.Remove(key, out var since);
            _processing.Add(key);
            Metrics.Waited(this, _time.GetElapsedTime(since));
        }
        return key;
    }

    /// <summary>The worker is through with the key; if it was added meanwhile, it goes to the end of the line.</summary>
    public void Done(ObjectKey key)
    {
        lock (_gate)
        {
            if (_processing.Remove(key) && _dirty.ContainsKey(key))
                _waiting.Writer.TryWrite(key);
        }
    }

    /// <summary>Takes no more keys; waiting workers get <see cref="ChannelClosedException"/> when the line is empty.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _waiting.Writer.TryComplete();
        }
        _timer.Dispose();
        Metrics.Forget(this);
    }

    private void AddLocked(ObjectKey key)
    {
        if (_closed || !_dirty.TryAdd(key, _time.GetTimestamp()))
            return;
        Metrics.Added(this);
        if (!_processing.Contains(key))
            _waiting.Writer.TryWrite(key);
    }

    private void AddDue()
    {
        lock (_gate)
        {
            while (_later.TryPeek(out var key, out var place) && place.Due <= _time.GetTimestamp())
            {
                _later.Dequeue();
                // An entry that was overtaken by an earlier one of the same key is stale.
                if (_due.TryGetValue(key, out var due) && due == place.Due)
                {
                    _due.Remove(key);
                    AddLocked(key);
                }
            }
            SetTimerLocked();
        }
    }

    private void SetTimerLocked()
    {
        if (_closed || !_later.TryPeek(out _, out var next))
            return;
        var wait = TimeSpan.FromSeconds(Math.Max(0, next.Due - _time.GetTimestamp()) / (double)_time.TimestampFrequency);
        // Timers take at most 49 days and whole milliseconds: round up, or it would fire just before the time.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Min(Math.Ceiling(wait.TotalMilliseconds), 4e9)), Timeout.InfiniteTimeSpan);
    }
}
