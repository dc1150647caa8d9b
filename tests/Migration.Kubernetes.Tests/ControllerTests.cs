using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;

namespace Migration.Kubernetes.Tests;

public sealed class ControllerTests : IDisposable
{
    private static readonly ObjectKey A = new("web", "a");

    private readonly CancellationTokenSource _stop = new(ScriptedServer.Limit);
    private readonly WorkQueue _queue = new("tests");

    public void Dispose()
    {
        _stop.Dispose();
        _queue.Dispose();
    }

    [Fact]
    public async Task Nothing_is_reconciled_before_every_informer_has_synced()
    {
        var first = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        var calls = 0;
        var running = RunAsync(_ =>
        {
            Interlocked.Increment(ref calls);
            return Task.FromResult(Outcome.Done);
        }, first.Task, second.Task);
        _queue.Add(A);

        first.SetResult();
        Assert.Equal(1, _queue.Depth);
        Assert.Equal(0, Volatile.Read(ref calls));
        second.SetResult();

        await Eventually.IsTrueAsync(() => Volatile.Read(ref calls) == 1, () => "not reconciled");
        await StopAsync(running);
    }

    [Fact]
    public async Task Failures_come_back_until_it_works_and_then_count_from_the_start_again()
    {
        var calls = 0;
        var running = RunAsync(_ => Interlocked.Increment(ref calls) < 6 ? throw new InvalidOperationException("no") : Task.FromResult(Outcome.Done));
        _queue.Add(A);

        await Eventually.IsTrueAsync(() => Volatile.Read(ref calls) == 6 && _queue.Failures(A) == 0, () => $"{calls} calls, {_queue.Failures(A)} failures");

        await StopAsync(running);
    }

    [Fact]
    public async Task A_terminal_failure_is_not_retried_but_a_change_starts_over()
    {
        var calls = new ConcurrentQueue<ObjectKey>();
        var running = RunAsync(key =>
        {
            calls.Enqueue(key);
            throw new TerminalException("the manifest makes no sense");
        });
        _queue.Add(A);
        await Eventually.IsTrueAsync(() => calls.Count == 1 && _queue.Depth == 0, () => $"{calls.Count} calls");
        Assert.Equal(0, _queue.Failures(A));

        _queue.Add(A);

        await Eventually.IsTrueAsync(() => calls.Count == 2, () => $"{calls.Count} calls");
        await StopAsync(running);
    }

    [Fact]
    public async Task Again_comes_back_after_its_time_without_any_change()
    {
        var calls = 0;
        var running = RunAsync(_ => Task.FromResult(Interlocked.Increment(ref calls) < 3 ? Outcome.Again(TimeSpan.FromMilliseconds(20)) : Outcome.Done));
        _queue.Add(A);

        await Eventually.IsTrueAsync(() => Volatile.Read(ref calls) == 3, () => $"{calls} calls");

        await StopAsync(running);
    }

    [Fact]
    public async Task A_server_that_asks_to_be_left_alone_is()
    {
        var first = TaskCompletionSources();
        var running = RunAsync(_ =>
        {
            first.TrySetResult();
            throw new KubernetesException("get", "pods web/a", System.Net.HttpStatusCode.TooManyRequests, "TooManyRequests", "slow down") { RetryAfter = TimeSpan.FromHours(1) };
        });
        _queue.Add(A);
        await first.Task.WaitAsync(_stop.Token);
        await Eventually.IsTrueAsync(() => _queue.Failures(A) == 1, () => "not counted");
        _queue.Add(ObjectKey.Of("other"));
        await Eventually.IsTrueAsync(() => _queue.Failures(ObjectKey.Of("other")) == 1, () => "not counted");

        Assert.Equal(1, _queue.Failures(A));
        await StopAsync(running);
    }

    [Fact]
    public async Task One_key_is_never_reconciled_twice_at_once_and_the_last_change_is_always_seen()
    {
        var changes = new ConcurrentDictionary<ObjectKey, int>();
        var seen = new ConcurrentDictionary<ObjectKey, int>();
        var busy = new ConcurrentDictionary<ObjectKey, bool>();
        var shared = 0;
        var together = 0;
        var most = 0;
        var running = RunAsync(async key =>
        {
            if (!busy.TryAdd(key, true))
                Interlocked.Increment(ref shared);
            var now = Interlocked.Increment(ref together);
            InterlockedMax(ref most, now);
            var change = changes[key];
            await Task.Delay(change % 3);
            seen[key] = change;
            Interlocked.Decrement(ref together);
            busy.TryRemove(key, out _);
            return change % 5 == 0 ? throw new InvalidOperationException("now and then") : Outcome.Done;
        });
        for (var i = 1; i <= 2000; i++)
        {
            var key = ObjectKey.Of($"k{i % 5}");
            changes[key] = i;
            _queue.Add(key);
            if (i % 10 == 0)
                await Task.Delay(1);
        }
        foreach (var key in changes.Keys)
        {
            changes[key] = 9_999_998;
            _queue.Add(key);
        }

        await Eventually.IsTrueAsync(() => seen.Values.All(change => change == 9_999_998), () => string.Join(' ', seen.Values));

        Assert.Equal(0, shared);
        Assert.True(most > 1, "the workers never worked side by side");
        await StopAsync(running);
    }

    [Fact]
    public async Task Stopping_waits_for_the_reconciliation_under_way()
    {
        var begun = TaskCompletionSources();
        var finish = TaskCompletionSources();
        var running = RunAsync(async _ =>
        {
            begun.SetResult();
            await finish.Task;
            return Outcome.Done;
        });
        _queue.Add(A);
        await begun.Task.WaitAsync(_stop.Token);

        await _stop.CancelAsync();
        Assert.False(running.IsCompleted);
        finish.SetResult();

        await running.WaitAsync(ScriptedServer.Limit);
    }

    [Fact]
    public async Task A_reconciler_that_blocks_its_thread_does_not_stop_the_other_workers()
    {
        using var release = new ManualResetEventSlim();
        var others = 0;
        var running = RunAsync(key =>
        {
            if (key == A)
                release.Wait(ScriptedServer.Limit);
            else
                Interlocked.Increment(ref others);
            return Task.FromResult(Outcome.Done);
        });
        _queue.Add(A);
        for (var i = 0; i < 20; i++)
            _queue.Add(ObjectKey.Of($"k{i}"));

        await Eventually.IsTrueAsync(() => Volatile.Read(ref others) == 20, () => $"{others} of 20");

        release.Set();
        await StopAsync(running);
    }

    private static TaskCompletionSource TaskCompletionSources() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private Task RunAsync(Func<ObjectKey, Task<Outcome>> reconcile, params Task[] synced) =>
        new Controller(_queue, new Reconciler(reconcile), NullLogger.Instance).RunAsync(synced, _stop.Token);

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(ScriptedServer.Limit);
    }

    private sealed class Reconciler(Func<ObjectKey, Task<Outcome>> reconcile) : IReconciler
    {
        public Task<Outcome> ReconcileAsync(ObjectKey key, CancellationToken ct) => reconcile(key);
    }
}
