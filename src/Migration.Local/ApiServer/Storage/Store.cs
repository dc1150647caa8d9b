using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary>
/// All objects, in memory, and in a journal when they are to be kept. One revision counter for everything, as in etcd: every write takes the next one and it becomes the object's
/// resourceVersion. Snapshots are persistent trees, so a list costs nothing to hold while writes go on.
/// </summary>
internal sealed class Store : IDisposable
{
    // Protects everything below; held for microseconds, never across an await.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Shelf> _shelves = new(StringComparer.Ordinal);
    private readonly HashSet<Watcher> _omniscient = [];
    private readonly Journal? _journal;
    // What happened before this server began is not known in detail: watches from before it have to list again.
    private readonly ulong _beginning;
    private ulong _revision = 1;

    /// <param name="directory">Where the objects are kept, also for a server that comes after this one; null keeps them in memory alone.</param>
    /// <exception cref="InvalidDataException">What is kept there is cut off or damaged.</exception>
    public Store(string? directory = null)
    {
        if (directory is null)
            return;
        (_journal, var objects, _revision) = Journal.Open(directory);
        _beginning = _revision;
        foreach (var kept in objects.GroupBy(o => o.Resource, StringComparer.Ordinal))
            ShelfLocked(kept.Key).Objects = kept.ToImmutableSortedDictionary(o => o.Object.Key, o => o.Object);
    }

    public ulong Revision
    {
        get
        {
            lock (_gate)
                return _revision;
        }
    }

    public int OpenWatches
    {
        get
        {
            lock (_gate)
                return _shelves.Values.Sum(s => s.Watchers.Count);
        }
    }

    public StoredObject? Get(string resource, ObjectKey key)
    {
        lock (_gate)
            return ShelfLocked(resource).Objects.GetValueOrDefault(key);
    }

    public Snapshot List(string resource)
    {
        lock (_gate)
            return new Snapshot(ShelfLocked(resource).Objects, _revision);
    }

    /// <summary>Stores a new object, or returns null when there is one with that key.</summary>
    public StoredObject? Create(string resource, JsonObject tree)
    {
        lock (_gate)
        {
            var shelf = ShelfLocked(resource);
            if (shelf.Objects.ContainsKey(KeyOf(tree)))
                return null;
            var created = StoredObject.From(tree, ++_revision);
            CommitLocked(shelf, new Change(resource, created.Revision, null, created, false));
            return created;
        }
    }

    /// <exception cref="RevisionConflictException">Another writer was quicker.</exception>
    public StoredObject Replace(string resource, StoredObject current, JsonObject tree)
    {
        lock (_gate)
        {
            var shelf = ShelfLocked(resource);
            ExpectLocked(shelf, resource, current);
            var replaced = StoredObject.From(tree, ++_revision);
            CommitLocked(shelf, new Change(resource, replaced.Revision, current, replaced, false));
            return replaced;
        }
    }

    /// <summary>Removes the object; <paramref name="last"/> is the state that watchers are told, when it differs from the current one.</summary>
    /// <exception cref="RevisionConflictException">Another writer was quicker.</exception>
    public StoredObject Remove(string resource, StoredObject current, JsonObject? last = null)
    {
        lock (_gate)
        {
            var shelf = ShelfLocked(resource);
            ExpectLocked(shelf, resource, current);
            var removed = StoredObject.From(last ?? current.ToTree(), ++_revision);
            CommitLocked(shelf, new Change(resource, removed.Revision, current, removed, true));
            return removed;
        }
    }

    /// <summary>Watches a resource from a revision on; null when history does not reach back that far.</summary>
    public Watcher? Watch(string resource, ulong from)
    {
        lock (_gate)
        {
            var shelf = ShelfLocked(resource);
            if (from < shelf.ForgottenUpTo)
                return null;
            var watcher = new Watcher(this, resource, from);
            foreach (var change in shelf.Since(from))
                watcher.Offer(change);
            shelf.Watchers.Add(watcher);
            return watcher;
        }
    }

    /// <summary>A snapshot and a watch that continues exactly where it ends.</summary>
    public (Snapshot Snapshot, Watcher Watcher) ListAndWatch(string resource)
    {
        lock (_gate)
        {
            var shelf = ShelfLocked(resource);
            var watcher = new Watcher(this, resource, _revision);
            shelf.Watchers.Add(watcher);
            return (new Snapshot(shelf.Objects, _revision), watcher);
        }
    }

    /// <summary>Everything there is, and every change of every resource from now on: for the housekeeping loops.</summary>
    public (IReadOnlyList<(string Resource, StoredObject Object)> Objects, Watcher Watcher) WatchEverything()
    {
        lock (_gate)
        {
            var watcher = new Watcher(this, null, _revision);
            _omniscient.Add(watcher);
            return ([.. _shelves.SelectMany(s => s.Value.Objects.Values.Select(o => (s.Key, o)))], watcher);
        }
    }

    public void Unsubscribe(Watcher watcher)
    {
        lock (_gate)
        {
            if (watcher.Resource is null)
                _omniscient.Remove(watcher);
            else
                ShelfLocked(watcher.Resource).Watchers.Remove(watcher);
        }
    }

    /// <summary>Forgets history, as etcd's compaction does: watches from before now get 410.</summary>
    public void Compact()
    {
        lock (_gate)
        {
            foreach (var shelf in _shelves.Values)
                shelf.Forget(_revision);
        }
    }

    /// <summary>Ends all watches of a resource, because it is not served any more or in another shape.</summary>
    public void CloseWatches(string resource)
    {
        lock (_gate)
        {
            foreach (var watcher in ShelfLocked(resource).Watchers)
                watcher.Close();
        }
    }

    public void Dispose()
    {
        lock (_gate)
            _journal?.Dispose();
    }

    private static ObjectKey KeyOf(JsonObject tree) => new(tree.TextAt("metadata", "namespace") ?? "", tree.TextAt("metadata", "name") ?? "");

    private static void ExpectLocked(Shelf shelf, string resource, StoredObject current)
    {
        if (!shelf.Objects.TryGetValue(current.Key, out var stored) || stored.Revision != current.Revision)
            throw new RevisionConflictException(resource, current.Key);
    }

    /// <summary>Written down first: what cannot be kept does not happen.</summary>
    private void CommitLocked(Shelf shelf, Change change)
    {
        _journal?.Append(change);
        shelf.Objects = change.Removed ? shelf.Objects.Remove(change.After.Key) : shelf.Objects.SetItem(change.After.Key, change.After);
        if (_journal is { IsOvergrown: true })
            _journal.Compact(_shelves.SelectMany(s => s.Value.Objects.Values.Select(o => (s.Key, o))), _revision);
        shelf.Remember(change);
        foreach (var watcher in shelf.Watchers)
            watcher.Offer(change);
        foreach (var watcher in _omniscient)
            watcher.Offer(change);
    }

    private Shelf ShelfLocked(string resource)
    {
        if (!_shelves.TryGetValue(resource, out var shelf))
            _shelves[resource] = shelf = new Shelf(_beginning);
        return shelf;
    }
}
