namespace Migration.Node.State;

/// <summary>
/// Where the node keeps what must survive it: small JSON files, one per thing. A lock held for the life of the process keeps
/// a second node service away from the same guests.
/// </summary>
internal sealed class StateDirectory : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private readonly FileStream _lock;

    private StateDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }

    /// <exception cref="RefusedException">Another process holds it.</exception>
    public static StateDirectory Open(string path)
    {
        Directory.CreateDirectory(path, OwnerOnly);
        var file = System.IO.Path.Combine(path, "lock");
        try
        {
            // FileShare.None is flock(2): the kernel lets go of it when the process dies, however it dies.
            return new(path, new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException held) when (held is not FileNotFoundException and not DirectoryNotFoundException)
        {
            throw new RefusedException(Refusal.Busy, $"{file} is locked: another migration-node serves the state directory {path}");
        }
    }

    public string Folder(string name)
    {
        var folder = System.IO.Path.Combine(Path, name);
        Directory.CreateDirectory(folder, OwnerOnly);
        return folder;
    }

    public void Dispose() => _lock.Dispose();
}
