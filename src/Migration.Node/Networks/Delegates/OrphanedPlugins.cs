using System.Text;
using Migration.Linux;
using Migration.Node.DataPlane;

namespace Migration.Node.Networks.Delegates;

/// <summary>
/// Plugins that a killed node service has left running: its ADD must be over before a DEL of the same NIC begins. They are known by
/// their environment, and given the time that any plugin has.
/// </summary>
internal static class OrphanedPlugins
{
    public static Task EndAsync(string stateDirectory, DelegateRecord record, TimeSpan patience) =>
        DedicatedThread.Run("orphaned plugins", () => End(stateDirectory, record, patience));

    private static int End(string stateDirectory, DelegateRecord record, TimeSpan patience)
    {
        var orphans = Find(stateDirectory, record);
        foreach (var orphan in orphans)
        {
            using (orphan)
            {
                if (!orphan.WaitForExit(patience))
                    orphan.Signal(ProcessSignal.Kill);
                orphan.WaitForExit(patience);
            }
        }

        return orphans.Count;
    }

    private static List<ProcessHandle> Find(string stateDirectory, DelegateRecord record)
    {
        string[] marks = [$"{PluginRunner.OwnerVariable}={stateDirectory}", $"CNI_CONTAINERID={record.ContainerId}", $"CNI_IFNAME={record.InterfaceName}"];
        var found = new List<ProcessHandle>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var id) && ProcessIdentity.TryOf(id) is { } identity && Has(id, marks) && ProcessHandle.TryOpen(identity) is { } handle)
                found.Add(handle);
        }

        return found;
    }

    private static bool Has(int id, string[] marks)
    {
        try
        {
            var environment = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{id}/environ")).Split('\0');
            return marks.All(environment.Contains);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
