using System.Globalization;
using Migration.Testing;

namespace Migration.EndToEnd.Tests;

/// <summary>What a cluster could leave on the machine, seen with the system's own tools.</summary>
internal sealed record Footprint(IReadOnlySet<string> Namespaces, IReadOnlySet<string> Links, IReadOnlySet<string> Mounts, IReadOnlySet<string> Files, IReadOnlySet<string> Processes)
{
    private static readonly string[] Programs =
        ["migration", "migration-node", "migration-controllers", "migration-launcher", "migration-cni", "qemu-system-x86"];

    /// <param name="cluster">Only this cluster's: other tests run beside us.</param>
    public static async Task<Footprint> OfAsync(string cluster)
    {
        var namespaces = await LinesAsync("ip netns list");
        var mounts = await File.ReadAllLinesAsync("/proc/self/mounts");
        return new Footprint(
            namespaces.Where(line => line.StartsWith($"mig-{cluster}", StringComparison.Ordinal)).ToHashSet(),
            (await LinesAsync("ip -o link show")).Select(line => line.Split(':')[1].Trim()).Where(name => name != "lo").ToHashSet(),
            mounts.Select(line => line.Split(' ')[1]).Where(path => path.Contains($"mig-{cluster}", StringComparison.Ordinal) || path.Contains($"migration-local/{cluster}", StringComparison.Ordinal)).ToHashSet(),
            FilesOf(cluster).ToHashSet(),
            ProcessesOf(cluster).ToHashSet());
    }

    public void AssertNothingLeft(Footprint before)
    {
        Assert.Empty(Namespaces);
        Assert.Empty(Mounts);
        Assert.Empty(Files.Except(before.Files));
        Assert.Empty(Processes);
        Assert.Empty(Links.Except(before.Links));
    }

    private static IEnumerable<string> FilesOf(string cluster) =>
        new[] { $"/run/migration-local/{cluster}" }.Where(Directory.Exists)
            .Concat(Directory.Exists("/var/lib/cni") ? Directory.EnumerateFiles("/var/lib/cni", "*", SearchOption.AllDirectories) : []);

    /// <summary>Programs of ours that name the cluster's state directory or run in a namespace that is no longer there.</summary>
    private static IEnumerable<string> ProcessesOf(string cluster)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out _)))
        {
            string name, line;
            try
            {
                name = File.ReadAllText(Path.Combine(folder, "comm")).Trim();
                line = File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ');
            }
            catch (IOException)
            {
                continue;
            }

            if (Programs.Any(program => program.StartsWith(name, StringComparison.Ordinal)) && line.Contains($"migration-local/{cluster}/", StringComparison.Ordinal))
                yield return $"{Path.GetFileName(folder)} {line}";
        }
    }

    private static async Task<string[]> LinesAsync(string line) =>
        (await Shell.RunLineAsync(line)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
