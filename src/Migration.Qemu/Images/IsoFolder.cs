namespace Migration.Qemu;

/// <summary>A folder of an image to be written, with what is in it in the order of their names.</summary>
internal sealed class IsoFolder(string name, IsoFolder? parent)
{
    private const int MostName = 110, MostBytes = 165;

    private readonly SortedDictionary<string, IsoFolder> _folders = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, IsoFile> _files = new(StringComparer.Ordinal);

    public string Name => name;

    public IsoFolder Parent => parent ?? this;

    public IReadOnlyCollection<IsoFolder> Folders => _folders.Values;

    public IReadOnlyCollection<IsoFile> Files => _files.Values;

    /// <summary>All folders, the root first, level by level: the order of path tables.</summary>
    public static IReadOnlyList<IsoFolder> Tree(IEnumerable<KeyValuePair<string, byte[]>> files)
    {
        var root = new IsoFolder("", null);
        foreach (var (path, content) in files)
            root.Add(path, path.Split('/'), content);
        var all = new List<IsoFolder> { root };
        for (var i = 0; i < all.Count; i++)
            all.AddRange(all[i].Folders);
        return all;
    }

    private void Add(string path, ReadOnlySpan<string> parts, byte[] content)
    {
        foreach (var part in parts)
        {
            if (part is "" or "." or ".." || part.Length > MostName || System.Text.Encoding.UTF8.GetByteCount(part) > MostBytes || part.Any(char.IsControl))
                throw new ArgumentException($"'{path}' cannot be stored: a name has 1 to {MostName} characters and is no '.' or '..'");
        }
        if (parts.Length > 1)
        {
            if (!_folders.TryGetValue(parts[0], out var below))
                _folders.Add(parts[0], below = new IsoFolder(parts[0], this));
            below.Add(path, parts[1..], content);
        }
        else if (!_files.TryAdd(parts[0], new IsoFile(parts[0], content)))
        {
            throw new ArgumentException($"'{path}' is there twice");
        }

        if (_folders.ContainsKey(parts[0]) && _files.ContainsKey(parts[0]))
            throw new ArgumentException($"'{path}' is a file and a folder");
    }
}
