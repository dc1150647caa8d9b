namespace Migration.Local.ApiServer;

/// <summary>Snapshots of lists that were begun and not yet read to the end. Bounded in number and age; what is forgotten answers 410.</summary>
internal sealed class PendingLists
{
    private const int Most = 256;
    private static readonly TimeSpan Age = TimeSpan.FromMinutes(5);

    // Protects _kept, oldest first.
    private readonly Lock _gate = new();
    private readonly LinkedList<(string Resource, Snapshot Snapshot, DateTimeOffset Since)> _kept = new();

    public void Keep(string resource, Snapshot snapshot, DateTimeOffset now)
    {
        lock (_gate)
        {
            while (_kept.First is { } oldest && (_kept.Count >= Most || now - oldest.Value.Since > Age))
                _kept.RemoveFirst();
            if (!_kept.Any(k => k.Resource == resource && k.Snapshot.Revision == snapshot.Revision))
                _kept.AddLast((resource, snapshot, now));
        }
    }

    public Snapshot? Find(string resource, ulong revision)
    {
        lock (_gate)
            return _kept.FirstOrDefault(k => k.Resource == resource && k.Snapshot.Revision == revision).Snapshot;
    }
}
