using System.Globalization;
using System.Runtime.InteropServices;

namespace Migration.Local.Cluster;

/// <summary>Ending processes, by id.</summary>
internal static class Signals
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Whether the process was there to get the signal.</summary>
    public static bool Send(int processId, int signal) => kill(processId, signal) == 0;

    /// <summary>Every process that lives in one of these network namespaces.</summary>
    public static IEnumerable<int> ProcessesIn(IReadOnlyCollection<string> namespaceInodes) =>
        Directory.EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _))
            .Where(folder => Target(Path.Combine(folder, "ns/net")) is { } inode && namespaceInodes.Contains(inode))
            .Select(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture));

    /// <summary>"net:[4026531840]" of a process, or null when it is gone.</summary>
    private static string? Target(string link)
    {
        try
        {
            return new FileInfo(link).LinkTarget;
        }
        catch (IOException)
        {
            return null;
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);
}
