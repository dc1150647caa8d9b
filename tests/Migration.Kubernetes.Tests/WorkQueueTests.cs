using System.Threading.Channels;
using Migration.Testing;

namespace Migration.Kubernetes.Tests;

public sealed class WorkQueueTests
{
    private static readonly ObjectKey A = new("web", "a");
    private static readonly ObjectKey B = new("web", "b");

    private readonly ManualTime _time = new();

    [Fact]
    public async Task A_key_added_twice_is_taken_once()
    {
        using var queue = new WorkQueue("q", _time);
        queue.Add(A);
        queue.Add(B);
        queue.Add(A);

        Assert.Equal([A, B], [await queue.TakeAsync(default), await queue.TakeAsync(default)]);
        Assert.False(queue.TakeAsync(default).IsCompleted);
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_waits_until_that_is_done()
    {
        using var queue = new WorkQueue("q", _time);
        queue.Add(A);
        await queue.TakeAsync(default);
        queue.Add(A);
        var next = queue.TakeAsync(default).AsTask();
        Assert.False(next.IsCompleted);
        Assert.Equal(1, queue.Depth);

        queue.Done(A);

        Assert.Equal(A, await next.WaitAsync(ScriptedServer.Limit));
    }

    [Fact]
    public async Task Done_without_a_new_reason_is_the_end_of_it()
    {
        using var queue = new WorkQueue("q", _time);
        queue.Add(A);
        queue.Done(await queue.TakeAsync(default));

        Assert.False(queue.TakeAsync(default).IsCompleted);
        Assert.Equal(0, queue.Depth);
    }

    [Fact]
    public async Task Delays_are_kept_and_the_earliest_counts()
    {
        using var queue = new WorkQueue("q", _time);
        queue.AddAfter(A, TimeSpan.FromSeconds(10));
        queue.AddAfter(B, TimeSpan.FromSeconds(5));
        queue.AddAfter(A, TimeSpan.FromSeconds(3));
        queue.AddAfter(A, TimeSpan.FromSeconds(20));

        _time.Advance(TimeSpan.FromSeconds(2.999));
        Assert.Equal(0, queue.Depth);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(A, await queue.TakeAsync(default));
        queue.Done(A);
        _time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(B, await queue.TakeAsync(default));
        queue.Done(B);

        Assert.Equal(0, queue.Depth);
    }

    [Fact]
    public void Back_off_doubles_from_5_ms_to_a_quarter_of_an_hour_and_never_gives_up()
    {
        using var queue = new WorkQueue("q", _time);

        var waits = Enumerable.Range(0, 60).Select(_ => queue.AddAfterFailure(A).TotalMilliseconds).ToList();

        Assert.Equal([5, 10, 20, 40, 80, 160], waits.Take(6));
        Assert.All(waits.Zip(waits.Skip(1)), pair => Assert.True(pair.Second >= pair.First));
        Assert.All(waits.Skip(18), wait => Assert.Equal(5 * (1 << 18), wait));
        Assert.Equal(60, queue.Failures(A));
        queue.Forget(A);
        Assert.Equal(5, queue.AddAfterFailure(A).TotalMilliseconds);
    }

    [Fact]
    public void A_server_that_asks_for_more_time_than_the_back_off_gets_it()
    {
        using var queue = new WorkQueue("q", _time);

        Assert.Equal(TimeSpan.FromSeconds(7), queue.AddAfterFailure(A, TimeSpan.FromSeconds(7)));
        Assert.Equal(TimeSpan.FromMilliseconds(10), queue.AddAfterFailure(A, TimeSpan.FromMilliseconds(1)));
    }

    [Fact]
    public async Task After_its_end_it_hands_out_what_is_in_line_and_takes_no_more()
    {
        var queue = new WorkQueue("q", _time);
        queue.Add(A);
        queue.AddAfter(B, TimeSpan.FromSeconds(1));
        queue.Dispose();
        queue.Add(B);
        _time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(A, await queue.TakeAsync(default));
        await Assert.ThrowsAsync<ChannelClosedException>(() => queue.TakeAsync(default).AsTask());
    }

    /// <summary>Random histories against the plainest possible model: lists searched from front to back.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task It_behaves_like_its_model(int seed)
    {
        var random = new Random(seed);
        var model = new Model();
        using var queue = new WorkQueue("q", _time);
        for (var step = 0; step < 400; step++)
        {
            var key = ObjectKey.Of($"k{random.Next(6)}");
            switch (random.Next(6))
            {
                case 0 or 1:
                    queue.Add(key);
                    model.Add(key);
                    break;
                case 2:
                    var delay = TimeSpan.FromMilliseconds(random.Next(0, 50));
                    queue.AddAfter(key, delay);
                    model.AddAfter(key, delay);
                    break;
                case 3:
                    var by = TimeSpan.FromMilliseconds(random.Next(0, 40));
                    _time.Advance(by);
                    model.Advance(by);
                    break;
                case 4 when model.Waiting.Count > 0:
                    Assert.Equal(model.Take(), await queue.TakeAsync(default));
                    break;
                case 5 when model.Processing.Count > 0:
                    var done = model.Processing.Order(Comparer<ObjectKey>.Create((one, other) => string.CompareOrdinal(one.Name, other.Name))).First();
                    queue.Done(done);
                    model.Done(done);
                    break;
            }
            Assert.True(model.Depth == queue.Depth, $"seed {seed} step {step}: depth {queue.Depth}, the model has {model.Depth}");
        }
        while (model.Waiting.Count > 0)
            Assert.Equal(model.Take(), await queue.TakeAsync(default));
        Assert.False(queue.TakeAsync(default).IsCompleted);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 50)];

    [Fact]
    public async Task Many_threads_never_share_a_key_and_never_lose_one()
    {
        const int keys = 7;
        using var queue = new WorkQueue("q");
        using var stop = new CancellationTokenSource();
        var added = new long[keys];
        var seen = new long[keys];
        var busy = new int[keys];
        var shared = 0;
        async Task WorkAsync()
        {
            while (true)
            {
                var key = await queue.TakeAsync(stop.Token);
                var index = key.Name[1] - '0';
                if (Interlocked.Exchange(ref busy[index], 1) == 1)
                    Interlocked.Increment(ref shared);
                var now = Interlocked.Read(ref added[index]);
                await Task.Yield();
                Interlocked.Exchange(ref seen[index], now);
                Interlocked.Exchange(ref busy[index], 0);
                queue.Done(key);
            }
        }
        async Task AddAsync(int seed)
        {
            var random = new Random(seed);
            for (var i = 0; i < 20_000; i++)
            {
                var index = random.Next(keys);
                Interlocked.Increment(ref added[index]);
                if (i % 100 == 0)
                    queue.AddAfter(ObjectKey.Of($"k{index}"), TimeSpan.FromMilliseconds(1));
                else
                    queue.Add(ObjectKey.Of($"k{index}"));
                if (i % 64 == 0)
                    await Task.Yield();
            }
        }
        var workers = Enumerable.Range(0, 4).Select(_ => Task.Run(WorkAsync)).ToArray();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(seed => Task.Run(() => AddAsync(seed))));
        await Eventually.IsTrueAsync(() => added.SequenceEqual(seen), () => $"added {string.Join(' ', added)}, seen {string.Join(' ', seen)}");
        await stop.CancelAsync();

        foreach (var worker in workers)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker);
        Assert.Equal(0, shared);
    }

    private sealed class Model
    {
        private readonly List<(ObjectKey Key, TimeSpan At)> _later = [];
        private readonly HashSet<ObjectKey> _again = [];
        private TimeSpan _now;

        public List<ObjectKey> Waiting { get; } = [];

        public HashSet<ObjectKey> Processing { get; } = [];

        public int Depth => Waiting.Count + _again.Count;

        public void Add(ObjectKey key)
        {
            if (Processing.Contains(key))
                _again.Add(key);
            else if (!Waiting.Contains(key))
                Waiting.Add(key);
        }

        public void AddAfter(ObjectKey key, TimeSpan delay)
        {
            if (delay == TimeSpan.Zero)
                Add(key);
            else if (!_later.Any(entry => entry.Key == key && entry.At <= _now + delay))
            {
                _later.RemoveAll(entry => entry.Key == key);
                _later.Add((key, _now + delay));
            }
        }

        public void Advance(TimeSpan by)
        {
            _now += by;
            // Those of the same moment come in the order in which they were asked for.
            foreach (var entry in _later.Where(entry => entry.At <= _now).OrderBy(entry => entry.At).ToList())
            {
                _later.Remove(entry);
                Add(entry.Key);
            }
        }

        public ObjectKey Take()
        {
            var key = Waiting[0];
            Waiting.RemoveAt(0);
            Processing.Add(key);
            return key;
        }

        public void Done(ObjectKey key)
        {
            Processing.Remove(key);
            if (_again.Remove(key))
                Waiting.Add(key);
        }
    }
}
