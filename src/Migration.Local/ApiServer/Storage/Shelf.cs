using System.Collections.Immutable;

namespace Migration.Local.ApiServer;

/// <summary>The objects of one resource, their recent history, and who watches them. Guarded by the store's lock.</summary>
/// <param name="beginning">Revision before which nothing is known.</param>
internal sealed class Shelf(ulong beginning)
{
    /// <summary>History kept for watches that resume; who was away for longer must list again.</summary>
    private const int HistoryLength = 4096;

    private readonly Queue<Change> _history = new();

    public ImmutableSortedDictionary<ObjectKey, StoredObject> Objects { get; set; } = ImmutableSortedDictionary<ObjectKey, StoredObject>.Empty;

    public HashSet<Watcher> Watchers { get; } = [];

    /// <summary>Revision up to which history has been forgotten: a watch can resume from it, not from before it.</summary>
    public ulong ForgottenUpTo { get; private set; } = beginning;

    public void Remember(Change change)
    {
        _history.Enqueue(change);
        while (_history.Count > HistoryLength)
            ForgottenUpTo = _history.Dequeue().Revision;
    }

    public void Forget(ulong upTo)
    {
        while (_history.TryPeek(out var oldest) && oldest.Revision <= upTo)
            _history.Dequeue();
        ForgottenUpTo = Math.Max(ForgottenUpTo, upTo);
    }

    public IEnumerable<Change> Since(ulong revision) => _history.Where(c => c.Revision > revision);
}
