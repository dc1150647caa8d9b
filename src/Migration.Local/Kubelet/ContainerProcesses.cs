using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Migration.Linux;

namespace Migration.Local.Kubelet;

/// <summary>Which processes belong to a container: those in its mount namespace, whatever they were started by.</summary>
internal static class ContainerProcesses
{
    /// <summary>Whether the container's own view of the machine is complete: its image is the first thing mounted, and is seen when all is.</summary>
    public static bool IsSetUp(int process) => Directory.Exists($"/proc/{process}/root{ContainerStart.ImagePath}");

    /// <summary>
    /// The process's mount namespace, held open; null if it has ended. Held, because the kernel gives the number of one that is gone to the
    /// next, which may be anybody's: what is known by number alone must not be killed.
    /// </summary>
    public static SafeFileHandle? HoldMountNamespaceOf(int process)
    {
        try
        {
            return File.OpenHandle($"/proc/{process}/ns/mnt", share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public static void EndAllIn(SafeFileHandle mountNamespace)
    {
        var name = LinkOf($"/proc/self/fd/{mountNamespace.DangerousGetHandle()}");
        EndAll(process => LinkOf($"/proc/{process}/ns/mnt") == name);
    }

    /// <summary>Ends everything in a pod's network namespace.</summary>
    public static void EndAllInNetwork(string path)
    {
        using var space = NetworkNamespace.Open(path);
        var name = $"net:[{space.Inode}]";
        EndAll(process => LinkOf($"/proc/{process}/ns/net") == name);
    }

    private static void EndAll(Func<int, bool> belongs)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var process) && belongs(process))
                End(process);
        }
    }

    private static void End(int process)
    {
        try
        {
            using var handle = ProcessHandle.Open(process);
            handle.Signal(ProcessSignal.Kill);
        }
        catch (LinuxException)
        {
            // It ended by itself.
        }
    }

    private static string? LinkOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
