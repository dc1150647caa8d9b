using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Migration.Kubernetes;

/// <summary>Takes keys off a queue and has them reconciled by a number of workers, for as long as it runs.</summary>
public sealed class Controller(WorkQueue queue, IReconciler reconciler, ILogger logger, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>How many keys are worked on at once.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>
    /// Waits until every informer is in sync (<see cref="Informer{T}.Synced"/>), then works until
    /// <paramref name="ct"/> fires, and returns when the last worker has stopped.
    /// </summary>
    public async Task RunAsync(IReadOnlyList<Task> synced, CancellationToken ct)
    {
        Metrics.Declare(queue.Name);
        try
        {
            await Task.WhenAll(synced).WaitAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return;
        }
        Log.ControllerStarted(logger, queue.Name, Workers);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(ct)));
        Log.ControllerStopped(logger, queue.Name);
    }

    private async Task WorkAsync(CancellationToken ct)
    {
        try
        {
            while (!ct.IsCancellationRequested)
                await WorkOnAsync(await queue.TakeAsync(ct), ct);
        }
        catch (Exception e) when (e is ChannelClosedException || (e is OperationCanceledException && ct.IsCancellationRequested))
        {
            // Told to stop.
        }
    }

    private async Task WorkOnAsync(ObjectKey key, CancellationToken ct)
    {
        var start = _time.GetTimestamp();
        var outcome = "cancelled";
        try
        {
            using var scope = logger.BeginScope("{Controller} {Key}", queue.Name, key);
            outcome = await ReconcileAsync(key, ct);
        }
        finally
        {
            queue.Done(key);
            Metrics.Reconciled(queue.Name, outcome, _time.GetElapsedTime(start));
        }
    }

    /// <summary>Returns the outcome's name for the metrics.</summary>
    private async Task<string> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        try
        {
            // Leave the worker's loop at once: a reconciler that never awaits must not keep the others from starting.
            await Task.Yield();
            var outcome = await reconciler.ReconcileAsync(key, ct);
            queue.Forget(key);
            if (outcome.After is not { } after)
                return "done";
            queue.AddAfter(key, after);
            return "again";
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            throw;
        }
        catch (TerminalException e)
        {
            queue.Forget(key);
            Log.ReconcileGaveUp(logger, queue.Name, key, e.Message, e);
            return "terminal";
        }
        catch (KubernetesException e) when (e.IsConflict)
        {
            // Somebody was faster; the informer will bring what they wrote.
            queue.AddAfterFailure(key);
            Log.ReconcileConflicted(logger, queue.Name, key, e.Message);
            return "conflict";
        }
        catch (Exception e)
        {
            var wait = queue.AddAfterFailure(key, (e as KubernetesException)?.RetryAfter);
            Log.ReconcileFailed(logger, queue.Name, key, e.Message, wait.TotalSeconds, e);
            return "failed";
        }
    }
}
