namespace Migration.Kubernetes;

/// <summary>The objects an informer saw last. Reading it costs no request and may be a moment behind the server.</summary>
public sealed class Store<T>
    where T : KubernetesObject
{
    /// <summary>Protects the dictionary and the contents of the indexes.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, T> _items = [];
    private readonly List<StoreIndex<T>> _indexes = [];

    public int Count
    {
        get
        {
            lock (_gate)
                return _items.Count;
        }
    }

    /// <summary>The object, or null.</summary>
    public T? Get(ObjectKey key)
    {
        lock (_gate)
            return _items.GetValueOrDefault(key);
    }

    /// <summary>All objects of one moment.</summary>
    public IReadOnlyList<T> All()
    {
        lock (_gate)
            return [.. _items.Values];
    }

    /// <summary>An index kept up to date from now on; an object may be under several values or under none.</summary>
    public StoreIndex<T> IndexBy(Func<T, IEnumerable<string>> values)
    {
        lock (_gate)
        {
            var index = new StoreIndex<T>(_gate, values);
            foreach (var item in _items.Values)
                index.AddLocked(item);
            _indexes.Add(index);
            return index;
        }
    }

    /// <summary>By a label's value.</summary>
    public StoreIndex<T> IndexByLabel(string label) => IndexBy(item => item.Metadata.Label(label) is { } value ? [value] : []);

    /// <summary>By the owners' UIDs.</summary>
    public StoreIndex<T> IndexByOwner() => IndexBy(item => item.Metadata.OwnerReferences?.Select(owner => owner.Uid ?? "") ?? []);

    internal IReadOnlyList<ObjectKey> Keys()
    {
        lock (_gate)
            return [.. _items.Keys];
    }

    /// <summary>Returns what was there before.</summary>
    internal T? Put(T item)
    {
        lock (_gate)
        {
            var before = RemoveLocked(item.Key);
            _items[item.Key] = item;
            foreach (var index in _indexes)
                index.AddLocked(item);
            return before;
        }
    }

    internal T? Remove(ObjectKey key)
    {
        lock (_gate)
            return RemoveLocked(key);
    }

    private T? RemoveLocked(ObjectKey key)
    {
        if (!_items.Remove(key, out var before))
            return null;
        foreach (var index in _indexes)
            index.RemoveLocked(before);
        return before;
    }
}
