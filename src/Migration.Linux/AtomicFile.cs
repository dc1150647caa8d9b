namespace Migration.Linux;

/// <summary>Small files that a reader, or a restart after a crash, sees whole: either the old content or the new.</summary>
public static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // One write at a time in this process, because two writers of one path would share its temporary name.
    private static readonly Lock Gate = new();

    /// <summary>
    /// Replaces the file durably. The new content is written beside it under a fixed name (<c>.name.new</c>), so that a crash leaves
    /// at most one such file, which the next write takes over. A path belongs to one process.
    /// </summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode = OwnerOnly)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        var temporary = Path.Combine(directory, $".{Path.GetFileName(path)}.new");
        // Any narrower sharing is a lock on the inode, which would still be held when readers find it under its final name.
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            UnixCreateMode = mode,
        };
        lock (Gate)
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
            Flush(directory);
        }

        KernelChange.Made($"write {path}");
    }

    /// <summary>Deletes durably; false if there was no such file.</summary>
    public static bool Delete(string path)
    {
        if (!File.Exists(path))
            return false;
        File.Delete(path);
        Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        KernelChange.Made($"delete {path}");
        return true;
    }

    // The rename or removal itself is durable only once the directory is.
    private static void Flush(string directory)
    {
        using var descriptor = FileDescriptor.OpenWith(directory, LibC.O_DIRECTORY);
        LibC.Fsync(descriptor).OrThrow($"sync {directory}");
    }
}
