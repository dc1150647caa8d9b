using System.Collections.Concurrent;
using System.Threading.Channels;
using Migration.Node.Machines;
using Migration.Node.State;
using Migration.Qemu;

namespace Migration.Node.Migrations;

/// <summary>
/// What a migration sees of its machine's QEMU: the last migration state and since when, STOP and RESUME with QEMU's own time.
/// Follows the machine through lost and renewed sessions; every event wakes the migration's loop.
/// </summary>
internal sealed class QemuWatch(Machine machine, Wakeup wakeup, TimeProvider time) : IAsyncDisposable
{
    private static readonly string[] Interesting = ["MIGRATION", "MIGRATION_PASS", "STOP", "RESUME"];
    private readonly ConcurrentQueue<QmpEvent> _news = new();
    private QmpSession? _session;
    private QmpEvents? _events;
    private Task _reading = Task.CompletedTask;
    private CopyState _state = CopyState.Unknown;
    private long _since;

    public DateTimeOffset? StoppedAt { get; private set; }

    public DateTimeOffset? ResumedAt { get; private set; }

    public QmpSession Session => machine.Qmp ?? throw new IOException("the connection to QEMU was lost");

    /// <summary>The last state that was entered.</summary>
    public CopyState State => _state;

    public TimeSpan InState => time.GetElapsedTime(_since);

    /// <summary>Listens to the machine's session, if it has one. Call it before the command whose events are wanted.</summary>
    public async Task<bool> FollowAsync()
    {
        if (machine.Qmp is not { } session)
            return false;
        if (ReferenceEquals(session, _session))
            return true;
        await DisposeAsync();
        _session = session;
        _events = session.Listen(Interesting);
        _reading = ReadAsync(_events);
        return true;
    }

    /// <summary>Both null when QEMU does not answer: a peer that does not read blocks it, and so does whoever stopped it.</summary>
    public async Task<(MigrationInfo? Migration, GuestStatus? Status)> AskAsync(CancellationToken ct)
    {
        try
        {
            var migration = await Session.QueryMigrateAsync(ct).WaitAsync(Machine.AnswerLimit, time, ct);
            return (migration, await Session.QueryStatusAsync(ct).WaitAsync(Machine.AnswerLimit, time, ct));
        }
        catch (TimeoutException)
        {
            return default;
        }
    }

    /// <summary>Takes in what has happened; the newest state, if an event told one.</summary>
    public CopyState? Drain()
    {
        CopyState? told = null;
        while (_news.TryDequeue(out var happened))
        {
            if (happened.Name == "STOP")
                StoppedAt = happened.Timestamp;
            else if (happened.Name == "RESUME")
                ResumedAt = happened.Timestamp;
            else if (happened.MigrationStatus is { } status)
                told = CopyStates.Of(status);
        }

        return told;
    }

    /// <summary>Notes a state, so that <see cref="InState"/> counts from its beginning.</summary>
    public CopyState Enter(CopyState state)
    {
        if (state != _state)
            (_state, _since) = (state, time.GetTimestamp());
        return state;
    }

    public async ValueTask DisposeAsync()
    {
        _events?.Dispose();
        await _reading;
    }

    private async Task ReadAsync(QmpEvents events)
    {
        try
        {
            while (true)
            {
                _news.Enqueue(await events.NextAsync(CancellationToken.None));
                wakeup.Set();
            }
        }
        catch (Exception ended) when (ended is QmpException or ChannelClosedException)
        {
            wakeup.Set();
        }
    }
}
