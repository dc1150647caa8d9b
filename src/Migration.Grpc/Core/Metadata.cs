using System.Collections;

namespace Grpc.Core;

/// <summary>The headers or trailers of a call: keys in lower case, values text, or bytes where the key ends in "-bin".</summary>
public sealed partial class Metadata : IList<Metadata.Entry>
{
    /// <summary>What a key of binary values ends with.</summary>
    public const string BinaryHeaderSuffix = "-bin";

    /// <summary>No metadata; cannot be added to.</summary>
    public static readonly Metadata Empty = new Metadata().Freeze();

    private readonly List<Entry> _entries = [];
    private bool _frozen;

    public int Count => _entries.Count;

    public bool IsReadOnly => _frozen;

    public Entry this[int index]
    {
        get => _entries[index];
        set
        {
            ThrowIfFrozen();
            _entries[index] = value;
        }
    }

    public void Add(string key, string value) => Add(new Entry(key, value));

    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    public void Add(Entry item)
    {
        ThrowIfFrozen();
        _entries.Add(item);
    }

    /// <summary>The last entry of that key.</summary>
    public Entry? Get(string key) => _entries.FindLast(entry => Matches(entry, key));

    /// <summary>The text of the last entry of that key.</summary>
    public string? GetValue(string key) => Get(key)?.Value;

    /// <summary>The bytes of the last entry of that key.</summary>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;

    public IEnumerable<Entry> GetAll(string key) => _entries.Where(entry => Matches(entry, key));

    public int IndexOf(Entry item) => _entries.IndexOf(item);

    public void Insert(int index, Entry item)
    {
        ThrowIfFrozen();
        _entries.Insert(index, item);
    }

    public void RemoveAt(int index)
    {
        ThrowIfFrozen();
        _entries.RemoveAt(index);
    }

    public bool Remove(Entry item)
    {
        ThrowIfFrozen();
        return _entries.Remove(item);
    }

    public void Clear()
    {
        ThrowIfFrozen();
        _entries.Clear();
    }

    public bool Contains(Entry item) => _entries.Contains(item);

    public void CopyTo(Entry[] array, int arrayIndex) => _entries.CopyTo(array, arrayIndex);

    public IEnumerator<Entry> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal Metadata Freeze()
    {
        _frozen = true;
        return this;
    }

    private static bool Matches(Entry entry, string key) => entry.Key.Equals(key, StringComparison.OrdinalIgnoreCase);

    private void ThrowIfFrozen()
    {
        if (_frozen) throw new InvalidOperationException("This metadata is read-only.");
    }
}
