using System.Diagnostics;
using System.Text.Json.Nodes;
using Migration.Testing;

namespace Migration.Cni.Tests;

/// <summary>What deploy/cni does on every node.</summary>
public sealed class InstallationTests : IAsyncLifetime
{
    private const string List = """
        { "cniVersion": "1.0.0", "name": "k8s-pod-network", "x": 1.50, "plugins": [ { "type": "bridge", "mtu": 1450 }, { "type": "portmap", "capabilities": { "portMappings": true } } ] }
        """;

    // Files and the program stand for a machine's, so in a folder that tells whose they are.
    private readonly TestNode _place = TestNode.Absent();

    private string Bin => Directory.CreateDirectory(Path.Combine(_place.Folder, "bin")).FullName;

    private string Etc => Directory.CreateDirectory(Path.Combine(_place.Folder, "net.d")).FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _place.DisposeAsync();

    [Fact]
    public async Task A_program_that_runs_is_replaced_and_ends_its_work_as_it_began()
    {
        var installed = Path.Combine(Bin, "migration-cni");
        await RunAsync("--install", Bin);
        using var running = StartAdd(installed);
        var before = await InodeAsync(running.Id);

        // Written in place it is busy: that is what the rename is for.
        Assert.Throws<IOException>(() => new FileStream(installed, FileMode.Open, FileAccess.Write).Dispose());
        await RunAsync("--install", Bin);

        Assert.Equal(before, await InodeAsync(running.Id));
        await running.StandardInput.WriteAsync("""{"cniVersion":"1.0.0","name":"pods","prevResult":{"cniVersion":"1.0.0"}}""");
        running.StandardInput.Close();
        Assert.Equal("""{"cniVersion":"1.0.0"}""", await running.StandardOutput.ReadToEndAsync());
        await running.WaitForExitAsync();
        Assert.Equal(0, running.ExitCode);
        Assert.Equal(["migration-cni"], Directory.EnumerateFileSystemEntries(Bin).Select(Path.GetFileName));
        Assert.Equal("755", (await Shell.RunAsync("stat", "-c", "%a", installed)).Trim());
        Assert.Equal("", await Shell.RunAsync("cmp", installed, PluginProgram.Path));
        await RunAsync("--uninstall", Bin);
        await RunAsync("--uninstall", Bin);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Bin));
    }

    [Fact]
    public async Task Programs_are_executed_at_any_moment_of_a_hundred_installations()
    {
        var installed = Path.Combine(Bin, "migration-cni");
        await RunAsync("--install", Bin);
        using var done = new CancellationTokenSource();
        var executing = Task.Run(async () =>
        {
            var times = 0;
            for (; !done.IsCancellationRequested; times++)
            {
                using var process = Start(installed, []);
                process.StandardInput.Close();
                await process.WaitForExitAsync();
                Assert.Equal(0, process.ExitCode);
            }
            return times;
        });

        for (var i = 0; i < 100; i++) await RunAsync("--install", Bin);
        await done.CancelAsync();

        Assert.NotEqual(0, await executing);
    }

    [Fact]
    public async Task The_primary_networks_list_gets_our_entry_once_and_loses_it_again()
    {
        var primary = Path.Combine(Etc, "10-calico.conflist");
        await File.WriteAllTextAsync(primary, List);
        File.SetUnixFileMode(primary, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(Path.Combine(Etc, "99-loopback.conflist"), """{"name":"lo","plugins":[{"type":"loopback"}]}""");
        var original = JsonNode.Parse(List);

        Assert.Contains("chained behind bridge, portmap", await RunAsync("--chain", Etc, "--node-socket", "/run/n.sock"));
        var chained = await File.ReadAllTextAsync(primary);
        Assert.Contains("already", await RunAsync("--chain", Etc, "--node-socket", "/run/n.sock"));
        Assert.Equal(chained, await File.ReadAllTextAsync(primary));
        Assert.Equal("600", (await Shell.RunAsync("stat", "-c", "%a", primary)).Trim());
        var plugins = JsonNode.Parse(chained)!["plugins"]!.AsArray();
        var entry = JsonNode.Parse("""{"type":"migration-cni","nodeSocket":"/run/n.sock","capabilities":{"io.kubernetes.cri.pod-annotations":true}}""");
        Assert.True(JsonNode.DeepEquals(entry, plugins[2]), chained);
        Assert.Contains("1.50", chained);

        Assert.Contains("another node socket", await RunAsync("--chain", Etc));
        Assert.Equal("/run/migration/node.sock", (string?)JsonNode.Parse(await File.ReadAllTextAsync(primary))!["plugins"]![2]!["nodeSocket"]);
        await RunAsync("--unchain", Etc);
        Assert.True(JsonNode.DeepEquals(original, JsonNode.Parse(await File.ReadAllTextAsync(primary))));
        Assert.Contains("not chained", await RunAsync("--unchain", Etc));
        Assert.Equal(["10-calico.conflist", "99-loopback.conflist"], Directory.EnumerateFileSystemEntries(Etc).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_list_that_is_a_link_stays_one()
    {
        var real = Path.Combine(_place.Folder, "real.conflist");
        await File.WriteAllTextAsync(real, List);
        File.CreateSymbolicLink(Path.Combine(Etc, "10-x.conflist"), real);

        await RunAsync("--chain", Etc);

        Assert.Equal(real, new FileInfo(Path.Combine(Etc, "10-x.conflist")).LinkTarget);
        Assert.Equal(3, JsonNode.Parse(await File.ReadAllTextAsync(real))!["plugins"]!.AsArray().Count);
    }

    [Fact]
    public async Task Beside_the_list_the_list_is_not_touched()
    {
        await File.WriteAllTextAsync(Path.Combine(Etc, "10-x.conflist"), List);

        await RunAsync("--chain-beside", Etc);

        Assert.Equal(List, await File.ReadAllTextAsync(Path.Combine(Etc, "10-x.conflist")));
        var beside = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Etc, "k8s-pod-network", "migration-cni.conf")));
        var expected = JsonNode.Parse("""{"cniVersion":"1.0.0","type":"migration-cni","nodeSocket":"/run/migration/node.sock","capabilities":{"io.kubernetes.cri.pod-annotations":true}}""");
        Assert.True(JsonNode.DeepEquals(expected, beside), beside?.ToString());
        await RunAsync("--unchain", Etc);
        Assert.False(Directory.Exists(Path.Combine(Etc, "k8s-pod-network")));
    }

    [Theory]
    [InlineData("--chain", null, "no network configuration yet")]
    [InlineData("--chain", "{", "is not JSON")]
    [InlineData("--chain", """{"name":"a","type":"bridge"}""", "no configuration list")]
    [InlineData("--chain", """{"name":"a","plugins":[7]}""", "an entry that is no object")]
    [InlineData("--chain", """{"name":"../a","plugins":[]}""", "no valid name")]
    [InlineData("--chain-beside", """{"name":"a","loadOnlyInlinedPlugins":true,"plugins":[{"type":"x"}]}""", "loadOnlyInlinedPlugins")]
    [InlineData("--chain-beside", """{"name":"a","plugins":[{"type":"migration-cni"}]}""", "executed twice")]
    public async Task A_configuration_that_cannot_be_chained_to_is_refused_and_left_alone(string what, string? list, string reason)
    {
        var file = Path.Combine(Etc, "10-x.conflist");
        if (list is not null) await File.WriteAllTextAsync(file, list);

        var refused = await Assert.ThrowsAsync<ShellException>(() => RunAsync(what, Etc));

        Assert.Contains(reason, refused.Message);
        if (list is not null) Assert.Equal(list, await File.ReadAllTextAsync(file));
        Assert.Equal(list is null ? 0 : 1, Directory.EnumerateFileSystemEntries(Etc).Count());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("--install")]
    [InlineData("--explode", "/tmp")]
    public async Task Anything_else_is_answered_with_what_there_is(params string[] arguments) =>
        Assert.Contains("--chain-beside DIRECTORY", (await Assert.ThrowsAsync<ShellException>(() => RunAsync(arguments))).Message);

    private static Task<string> RunAsync(params string[] arguments) => Shell.RunAsync(PluginProgram.Path, arguments);

    private static Process StartAdd(string program)
    {
        var process = Start(program, new()
        {
            ["CNI_COMMAND"] = "ADD", ["CNI_CONTAINERID"] = "c", ["CNI_NETNS"] = "/x", ["CNI_IFNAME"] = "eth0", ["CNI_PATH"] = "/x", ["CNI_ARGS"] = "K8S_POD_NAME=web",
        });
        // It runs, and does not stand in exec, once its memory is the program's.
        while (!File.ReadAllText($"/proc/{process.Id}/cmdline").StartsWith(program, StringComparison.Ordinal)) Thread.Yield();
        return process;
    }

    private static Process Start(string program, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static Task<string> InodeAsync(int pid) => Shell.RunAsync("stat", "-L", "-c", "%i", $"/proc/{pid}/exe");
}
