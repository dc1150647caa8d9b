using System.Globalization;
using Migration.Linux;

namespace Migration.Local.Cluster;

/// <summary>Which process keeps a cluster running: its number and start time, so that a reused number is not mistaken for it.</summary>
internal static class DaemonFile
{
    public static void Write(ClusterPaths paths)
    {
        var self = ProcessIdentity.Current();
        File.WriteAllText(paths.DaemonPid, string.Create(CultureInfo.InvariantCulture, $"{self.Id} {self.StartTime}"));
    }

    /// <summary>The daemon, or null when it has ended or never was.</summary>
    public static ProcessHandle? TryOpenProcess(ClusterPaths paths)
    {
        if (!File.Exists(paths.DaemonPid) || File.ReadAllText(paths.DaemonPid).Split(' ') is not [var id, var start])
            return null;
        return int.TryParse(id, CultureInfo.InvariantCulture, out var number) && ulong.TryParse(start, CultureInfo.InvariantCulture, out var time)
            ? ProcessHandle.TryOpen(new ProcessIdentity(number, time))
            : null;
    }
}
