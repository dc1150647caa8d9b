namespace Migration.Cni;

/// <summary>A file that is replaced as a whole: readers and runners see the old one or the new one.</summary>
internal static class ReplacedFile
{
    /// <param name="path">A symbolic link stays one: what it points to is replaced.</param>
    /// <param name="mode">Of the new file; the old one's where it says nothing.</param>
    public static void Write(string path, Action<Stream> content, UnixFileMode? mode = null)
    {
        var target = new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        // In the same folder: a rename does not leave a filesystem, and containerd, which looks at its folder again when a name goes away,
        // is blind for one that arrives. No runtime takes a name with this ending for a configuration.
        var unfinished = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(target))!, $".{Path.GetFileName(target)}.{Environment.ProcessId}.new");
        try
        {
            using (var file = new FileStream(unfinished, FileMode.Create, FileAccess.Write))
            {
                File.SetUnixFileMode(file.SafeFileHandle, mode ?? ModeOf(target));
                content(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, target, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    private static UnixFileMode ModeOf(string path) =>
        File.Exists(path) ? File.GetUnixFileMode(path) : UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
}
