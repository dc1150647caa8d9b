namespace Migration.Local.ApiServer;

/// <summary>Who belongs to whom, by uid. Used by the collector's loop alone.</summary>
internal sealed class OwnershipGraph
{
    private readonly Dictionary<string, HashSet<(string Resource, ObjectKey Key)>> _dependents = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Resource, ObjectKey Key), IReadOnlyList<string>> _owners = [];
    private readonly HashSet<string> _present = new(StringComparer.Ordinal);

    public void Add(string resource, StoredObject item)
    {
        Unlink((resource, item.Key));
        _present.Add(item.Uid);
        var owners = item.Root.Items("metadata", "ownerReferences").Select(o => o.Text("uid")).OfType<string>().ToList();
        if (owners.Count == 0)
            return;
        _owners[(resource, item.Key)] = owners;
        foreach (var owner in owners)
        {
            if (!_dependents.TryGetValue(owner, out var dependents))
                _dependents[owner] = dependents = [];
            dependents.Add((resource, item.Key));
        }
    }

    public void Remove(string resource, StoredObject item)
    {
        _present.Remove(item.Uid);
        Unlink((resource, item.Key));
    }

    public bool Exists(string uid) => _present.Contains(uid);

    public IReadOnlyList<(string Resource, ObjectKey Key)> DependentsOf(string uid) =>
        _dependents.TryGetValue(uid, out var dependents) ? [.. dependents] : [];

    private void Unlink((string Resource, ObjectKey Key) item)
    {
        if (!_owners.Remove(item, out var owners))
            return;
        foreach (var owner in owners)
        {
            if (_dependents.TryGetValue(owner, out var dependents) && dependents.Remove(item) && dependents.Count == 0)
                _dependents.Remove(owner);
        }
    }
}
