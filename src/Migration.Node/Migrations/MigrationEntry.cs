using Microsoft.Extensions.Logging;
using Migration.Node.State;

namespace Migration.Node.Migrations;

/// <summary>One migration on one of its two nodes, and the loop that brings it to an end.</summary>
internal abstract class MigrationEntry : IAsyncDisposable
{
    protected static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(200);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new(); // protects changes of _snapshot
    private volatile MigrationSnapshot _snapshot;
    private Task _living = Task.CompletedTask;

    protected MigrationEntry(MigrationRecord record, MigrationDesk desk)
    {
        Desk = desk;
        _snapshot = new MigrationSnapshot(record, record is OutgoingRecord outgoing ? outgoing.Progress : new(), desk.NextVersion());
    }

    public string Id => _snapshot.Record.Id;

    public MigrationSnapshot Snapshot => _snapshot;

    /// <summary>Changes of this migration, newest last.</summary>
    public Feed<MigrationSnapshot> Changes { get; } = new();

    protected abstract string Role { get; }

    protected MigrationDesk Desk { get; }

    protected ILogger Logger => Desk.Log;

    protected Wakeup Wakeup { get; } = new();

    public void Start()
    {
        if (!_snapshot.Record.HasEnded)
            _living = LiveAsync(_stop.Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _living;
        Changes.Close(new RefusedException(Refusal.Later, "the node stops"));
        _stop.Dispose();
    }

    /// <summary>One look and one step; how long to wait before the next.</summary>
    protected abstract Task<TimeSpan> StepAsync(CancellationToken ct);

    /// <summary>Lets go of everything that belonged to the migration, however it ended.</summary>
    protected abstract Task CleanUpAsync(CancellationToken ct);

    /// <summary>Replaces the record, on disk first, and tells the watchers.</summary>
    protected TRecord Change<TRecord>(Func<TRecord, TRecord> change)
        where TRecord : MigrationRecord
    {
        lock (_gate)
        {
            var before = (TRecord)_snapshot.Record;
            var after = change(before);
            if (after == before)
                return before;
            Desk.Save(after);
            if ((after.Phase, after.Reason) != (before.Phase, before.Reason))
                Log.MigrationPhaseChanged(Logger, after.Id, Role, after.Phase.ToString(), after.Reason);
            Changes.Publish(() => _snapshot = new MigrationSnapshot(after, _snapshot.Progress, Desk.NextVersion()));
            return after;
        }
    }

    protected void Report(Progress progress)
    {
        lock (_gate)
        {
            if (progress != _snapshot.Progress)
                Changes.Publish(() => _snapshot = _snapshot with { Progress = progress, Version = Desk.NextVersion() });
        }
    }

    /// <summary>A guest may stand still while this loop runs: not even a mistake of ours may end it.</summary>
    private async Task<TimeSpan> TryStepAsync(CancellationToken ct)
    {
        try
        {
            return await StepAsync(ct);
        }
        catch (Exception mistake) when (mistake is not OperationCanceledException)
        {
            Log.LoopStumbled(Logger, $"migration {Id} ({Role})", mistake);
            return TimeSpan.FromSeconds(1);
        }
    }

    private async Task LiveAsync(CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            while (!_snapshot.Record.HasEnded)
            {
                var lookAgain = await TryStepAsync(ct);
                if (lookAgain > TimeSpan.Zero)
                    await Wakeup.WaitAsync(lookAgain, Desk.Time, ct);
            }

            await CleanUpAsync(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // The node stops: the next process goes on from the record and from QEMU.
        }
    }
}
