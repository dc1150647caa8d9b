using System.Globalization;
using Migration.Linux;

namespace Migration.Local.Cluster;

/// <summary>
/// Removes what a cluster has on this machine, also one whose daemon was killed: everything of a cluster lives in its
/// namespaces or in its state directory, so these two are all there is to look at.
/// </summary>
internal static class Leftovers
{
    public static void Remove(ClusterPaths paths)
    {
        var spaces = paths.ExistingNamespaces().ToList();
        EndProcessesIn(spaces);
        foreach (var space in spaces)
            NetworkNamespace.Delete(space);
        Storage.VolumeProvisioner.DetachAll(paths.Volumes);
        Storage.VolumeProvisioner.DetachAll(paths.KeptVolumes);
        if (Directory.Exists(paths.Root))
            Directory.Delete(paths.Root, recursive: true);
    }

    private static void EndProcessesIn(IReadOnlyCollection<string> spaces)
    {
        var inodes = spaces.Select(Inode).OfType<ulong>().Select(inode => $"net:[{inode}]").ToHashSet();
        var processes = ProcessesIn(inodes).Select(TryOpen).OfType<ProcessHandle>().ToList();
        foreach (var process in processes)
        {
            using (process)
            {
                process.Signal(ProcessSignal.Kill);
                process.WaitForExit(TimeSpan.FromSeconds(5));
            }
        }
    }

    /// <summary>Every process whose network namespace is one of these.</summary>
    private static IEnumerable<int> ProcessesIn(HashSet<string> inodes) =>
        Directory.EnumerateDirectories("/proc")
            .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id) ? id : 0)
            .Where(id => id > 0 && NamespaceOf(id) is { } inode && inodes.Contains(inode));

    /// <summary>"net:[4026531840]", or null when the process is gone.</summary>
    private static string? NamespaceOf(int process)
    {
        try
        {
            return new FileInfo($"/proc/{process}/ns/net").LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static ulong? Inode(string path)
    {
        try
        {
            using var space = NetworkNamespace.Open(path);
            return space.Inode;
        }
        catch (LinuxException)
        {
            // A file that is not mounted on: its namespace is gone already.
            return null;
        }
    }

    private static ProcessHandle? TryOpen(int id)
    {
        try
        {
            return ProcessHandle.Open(id);
        }
        catch (LinuxException)
        {
            return null;
        }
    }
}
