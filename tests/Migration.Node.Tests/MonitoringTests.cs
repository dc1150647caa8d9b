using System.Text.RegularExpressions;
using Migration.Telemetry;

namespace Migration.Node.Tests;

/// <summary>deploy/monitoring asks the node for figures that it has.</summary>
public sealed partial class MonitoringTests
{
    [Fact]
    public void Dashboard_and_alerts_read_figures_that_the_node_serves()
    {
        using var exposition = new Exposition("Migration.Node");
        using var metrics = new NodeMetrics();
        metrics.Show(null!, null!, null!);
        // "up" is Prometheus' own: whether there was an answer.
        var served = exposition.Names().Append("up").ToHashSet();

        var asked = Directory.EnumerateFiles(Monitoring(), "*.*").SelectMany(file => Reading().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToHashSet();

        Assert.Contains("migration_migrations", asked);
        Assert.All(asked, name => Assert.Contains(Ending().Replace(name, ""), served));
    }

    private static string Monitoring()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Directory.Exists(Path.Combine(folder.FullName, "deploy/monitoring")))
                return Path.Combine(folder.FullName, "deploy/monitoring");
        }
        throw new DirectoryNotFoundException("deploy/monitoring is not above the tests");
    }

    // As they stand in YAML and, with their quotes escaped, in JSON.
    [GeneratedRegex("""([a-z][a-z0-9_]*)\{job=\\?"migration-node""")]
    private static partial Regex Reading();

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Ending();
}
