using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Linux;
using Spectre.Console;

namespace Migration.Local.Cluster;

/// <summary><c>migration up</c>, <c>down</c> and <c>status</c>.</summary>
public static class ClusterCommands
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);

    public static Task<int> UpAsync(ClusterOptions options, bool detach, CancellationToken ct) =>
        detach ? UpDetachedAsync(options, ct) : UpAttachedAsync(options, ct);

    /// <param name="forget">Removes what is kept for a later <c>up --keep</c>, too.</param>
    public static async Task<int> DownAsync(string name, bool forget, CancellationToken ct)
    {
        var paths = new ClusterPaths(name);
        if (!Directory.Exists(paths.Root) && !(forget && Directory.Exists(paths.Kept)))
        {
            Console.WriteLine($"there is no cluster \"{name}\"");
            return 0;
        }

        using (var daemon = DaemonFile.TryOpenProcess(paths))
        {
            if (daemon is not null && daemon.Signal(ProcessSignal.Terminate) && !await EndedAsync(daemon, ct))
                daemon.Signal(ProcessSignal.Kill);
        }

        Leftovers.Remove(paths);
        if (forget && Directory.Exists(paths.Kept))
            Directory.Delete(paths.Kept, recursive: true);
        Console.WriteLine(Directory.Exists(paths.Kept)
            ? $"cluster \"{name}\" is gone; migration up --keep --name {name} goes on with its objects"
            : $"cluster \"{name}\" is gone");
        return 0;
    }

    public static async Task<int> StatusAsync(bool json, CancellationToken ct)
    {
        var clusters = new List<ClusterSummary>();
        foreach (var paths in ClusterPaths.All())
            clusters.Add(await SummariseAsync(paths, ct));
        if (json)
            Console.WriteLine(JsonSerializer.Serialize(clusters, SummaryJson.Default.ListClusterSummary));
        else
            Show(clusters);
        return 0;
    }

    private static async Task<int> UpAttachedAsync(ClusterOptions options, CancellationToken ct)
    {
        var paths = new ClusterPaths(options.Name);
        using (var other = DaemonFile.TryOpenProcess(paths))
        {
            if (other is not null)
            {
                await Console.Error.WriteLineAsync($"cluster \"{options.Name}\" runs already (process {other.Id}): migration down --name {options.Name}");
                return 1;
            }
        }

        using var logging = LoggerFactory.Create(builder => builder
            .AddFilter((category, level) => level >= (category?.StartsWith("Migration", StringComparison.Ordinal) == true ? LogLevel.Information : LogLevel.Warning))
            .AddSimpleConsole(console => console.SingleLine = true)
            .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        await using var cluster = await StartAsync(options, logging, ct);
        if (cluster is null)
            return 1;
        DaemonFile.Write(paths);
        await File.WriteAllTextAsync(paths.Ready, "", ct);
        PrintExport(paths);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C or SIGTERM: leaving this method takes the cluster down.
        }

        return 0;
    }

    /// <summary>Null when what is kept cannot be read, which was told.</summary>
    private static async Task<EmbeddedCluster?> StartAsync(ClusterOptions options, ILoggerFactory logging, CancellationToken ct)
    {
        try
        {
            return await EmbeddedCluster.StartAsync(options, logging, TimeProvider.System, ct);
        }
        catch (Exception e) when (e is InvalidDataException or System.Security.Cryptography.CryptographicException && options.Keep)
        {
            await Console.Error.WriteLineAsync($"the cluster cannot go on with what was kept in {options.State}: {e.Message}\nmigration up without --keep begins anew");
            return null;
        }
    }

    private static async Task<int> UpDetachedAsync(ClusterOptions options, CancellationToken ct)
    {
        var paths = new ClusterPaths(options.Name);
        var log = Path.Combine("/run", $"migration-local-{options.Name}.log");
        File.Delete(log);
        using var daemon = StartedProgram.Start(new ProgramStart("setsid", [Environment.ProcessPath!, .. UpArguments(options)], log));
        try
        {
            await Eventually.UntilAsync("the cluster is ready", StartPatience, TimeProvider.System,
                _ => Task.FromResult(daemon.HasExited || File.Exists(paths.Ready)), ct);
            if (daemon.HasExited)
                throw new InvalidOperationException("the cluster's daemon ended");
            File.Move(log, paths.DaemonLog);
        }
        catch (Exception failed) when (failed is TimeoutException or InvalidOperationException)
        {
            await daemon.StopAsync(StopPatience, TimeProvider.System);
            await Console.Error.WriteLineAsync($"{failed.Message}:\n{await File.ReadAllTextAsync(log, ct)}");
            return 1;
        }

        PrintExport(paths);
        return 0;
    }

    private static IEnumerable<string> UpArguments(ClusterOptions options) =>
    [
        "up", "--name", options.Name, "--nodes", options.Nodes.ToString(CultureInfo.InvariantCulture), "--accelerator", options.Accelerator,
        .. options.Keep ? ["--keep"] : Array.Empty<string>(),
        .. options.Images.SelectMany(image => new[] { "--image", $"{image.Key}={image.Value}" }),
    ];

    /// <summary>For <c>eval</c>: what is beside the export is a comment to a shell.</summary>
    private static void PrintExport(ClusterPaths paths) =>
        Console.WriteLine($"export KUBECONFIG={paths.Kubeconfig}\n# what happens, live: {File.ReadAllText(paths.Page)}");

    private static Task<bool> EndedAsync(ProcessHandle daemon, CancellationToken ct) =>
        Task.Factory.StartNew(() => daemon.WaitForExit(StopPatience), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static async Task<ClusterSummary> SummariseAsync(ClusterPaths paths, CancellationToken ct)
    {
        using var daemon = DaemonFile.TryOpenProcess(paths);
        if (daemon is null)
            return new ClusterSummary(paths.Name, Running: false, paths.Kubeconfig, "", [], []);
        using var client = new KubernetesClient(KubernetesConfig.FromKubeconfig(paths.Kubeconfig));
        var nodes = await client.For(Kinds.Nodes).ListAsync(ListOptions.All, ct);
        var instances = await client.For(KubeVirt.Instances).ListAsync(ListOptions.All, ct);
        return new ClusterSummary(
            paths.Name,
            Running: true,
            paths.Kubeconfig,
            File.Exists(paths.Page) ? await File.ReadAllTextAsync(paths.Page, ct) : "",
            [.. nodes.Select(node => node.Metadata.Name!)],
            [.. instances.Select(instance => $"{instance.Key} {instance.Status?.Phase ?? "Pending"} {instance.Status?.NodeName}".Trim())]);
    }

    private static void Show(List<ClusterSummary> clusters)
    {
        if (clusters.Count == 0)
        {
            Console.WriteLine("no cluster: migration up -d starts one");
            return;
        }

        var table = new Table().AddColumns("cluster", "state", "nodes", "instances", "kubeconfig", "live page");
        foreach (var cluster in clusters)
        {
            table.AddRow(
                new Text(cluster.Name),
                new Text(cluster.Running ? "running" : "stopped, not removed: migration down"),
                new Text(string.Join('\n', cluster.Nodes)),
                new Text(string.Join('\n', cluster.Instances)),
                new Text(cluster.Kubeconfig),
                new Text(cluster.Page));
        }

        AnsiConsole.Write(table);
    }
}

internal sealed record ClusterSummary(string Name, bool Running, string Kubeconfig, string Page, IReadOnlyList<string> Nodes, IReadOnlyList<string> Instances);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(List<ClusterSummary>))]
internal sealed partial class SummaryJson : JsonSerializerContext;
