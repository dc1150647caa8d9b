namespace Migration.Kubernetes;

/// <summary>Finds a store's objects by something other than their key.</summary>
public sealed class StoreIndex<T>
    where T : KubernetesObject
{
    /// <summary>The store's lock.</summary>
    private readonly Lock _gate;
    private readonly Func<T, IEnumerable<string>> _values;
    private readonly Dictionary<string, Dictionary<ObjectKey, T>> _items = [];

    internal StoreIndex(Lock gate, Func<T, IEnumerable<string>> values) => (_gate, _values) = (gate, values);

    /// <summary>The objects under a value.</summary>
    public IReadOnlyList<T> this[string value]
    {
        get
        {
            lock (_gate)
                return _items.TryGetValue(value, out var found) ? [.. found.Values] : [];
        }
    }

    internal void AddLocked(T item)
    {
        foreach (var value in _values(item))
        {
            if (!_items.TryGetValue(value, out var same))
                _items[value] = same = [];
            same[item.Key] = item;
        }
    }

    internal void RemoveLocked(T item)
    {
        foreach (var value in _values(item))
            if (_items.TryGetValue(value, out var same) && same.Remove(item.Key) && same.Count == 0)
                _items.Remove(value);
    }
}
