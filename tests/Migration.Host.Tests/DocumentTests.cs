using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests;

/// <summary>What the documents tell people to paste is pasted, line by line.</summary>
public sealed class DocumentTests
{
    private const string Indent = "    ";

    [Fact]
    public async Task Network_harness_page_works_when_pasted_and_leaves_nothing()
    {
        // Names of this process, so that a killed run's namespaces are found and two runs never meet.
        var (prefix, folder) = ($"mt{Environment.ProcessId}-doc-", $"/dev/shm/mt-lab-{Environment.ProcessId}-doc");
        var lines = File.ReadLines(Path.Combine(BuiltProgram.Root, "docs/network-harness.md"))
            .Where(line => line.StartsWith(Indent, StringComparison.Ordinal))
            .Select(line => line[Indent.Length..].Replace("harness-", prefix, StringComparison.Ordinal).Replace("/run/harness", folder, StringComparison.Ordinal))
            .Where(line => line != "make build")
            .ToList();
        var script = Path.Combine(Path.GetTempPath(), $"{prefix}harness.sh");
        await File.WriteAllTextAsync(script, $"""
            set -euo pipefail
            cd {BuiltProgram.Root}
            trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf {folder}; for space in $(ip netns list | grep -o "^{prefix}[a-z]*"); do ip netns del $space; done' EXIT
            {string.Join('\n', lines)}
            """, TestContext.Current.CancellationToken);

        var output = await Shell.RunAsync("bash", script);

        File.Delete(script);
        Assert.Contains("inet 10.9.0.5/24", output, StringComparison.Ordinal);
        Assert.Contains("\"leased\": true", output, StringComparison.Ordinal);
        Assert.DoesNotContain(prefix, await Shell.RunLineAsync("ip netns list"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder));
    }
}
