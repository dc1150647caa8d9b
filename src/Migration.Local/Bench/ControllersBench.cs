using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Local.ApiServer;
using Migration.Local.Bench.Scale;
using Migration.Local.Cluster;
using Migration.Local.Scheduler;
using ListOptions = Migration.Kubernetes.ListOptions;
using ObjectKey = Migration.Kubernetes.ObjectKey;
using Patch = Migration.Kubernetes.Patch;

namespace Migration.Local.Bench;

/// <summary>
/// The controllers against a large cluster: a real API server and scheduler, a hundred nodes that are only states behind real gRPC, a
/// thousand guests, five hundred migrations; the controllers are killed in the middle, and another process goes on.
/// </summary>
public sealed class ControllersBench : IAsyncDisposable
{
    private const int Nodes = 100, Instances = 1000, Migrations = 500, NodePort = 7411, AtOnce = 16;
    private static readonly IPEndPoint Http = new(new IPAddress([127, 77, 255, 1]), 9090);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly string _folder = Directory.CreateTempSubdirectory("bench-controllers-").FullName;
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://{Http}") };
    private readonly CertificateAuthority _authority = CertificateAuthority.Create("bench", TimeProvider.System);
    private readonly List<double> _resident = [];
    private readonly List<IAsyncDisposable> _parts = [];
    private KubernetesClient _client = null!;
    private StartedProgram? _controllers;

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct)
    {
        await using var bench = new ControllersBench();
        await bench.StartAsync(ct);
        return await bench.MeasureAsync(ct);
    }

    public async ValueTask DisposeAsync()
    {
        await StopControllersAsync();
        foreach (var part in Enumerable.Reverse(_parts))
            await part.DisposeAsync();
        _client?.Dispose();
        _http.Dispose();
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartAsync(CancellationToken ct)
    {
        using (var certificate = _authority.Issue("migration:controllers", "migration:controllers", [], []))
            certificate.WriteTo(_folder);
        var server = await EmbeddedApiServer.StartAsync(
            new ApiServerOptions { Authority = _authority, Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)], ManifestDirectory = Installation.Crds }, ct);
        _parts.Add(server);
        server.WriteKubeconfig(Path.Combine(_folder, "kubeconfig"));
        _client = new KubernetesClient(KubernetesConfig.FromKubeconfig(Path.Combine(_folder, "kubeconfig")));
        var nodes = await SimulatedNodes.StartAsync(Nodes, NodePort, _authority, _time, ct);
        _parts.Add(nodes);
        foreach (var node in nodes.All)
            await RegisterAsync(node, ct);
        _parts.Add(PodScheduler.Start(_client, NullLoggerFactory.Instance, _time));
        _parts.Add(new SimulatedKubelets(_client, _time));
        StartControllers();
    }

    private async Task<IReadOnlyList<BenchResult>> MeasureAsync(CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        await ManyAsync(Instances, number => _client.For(KubeVirt.Instances).CreateAsync(Instance(number), ct));
        await CountedAsync("guests run", Instances, RunningInstancesAsync, ct);
        var allRun = Stopwatch.GetElapsedTime(began);
        var before = await ScrapeAsync(ct);

        began = Stopwatch.GetTimestamp();
        await ManyAsync(Migrations, number => _client.For(KubeVirt.Migrations).CreateAsync(Migration(number), ct));
        await CountedAsync("migrations ended", Migrations / 2, EndedMigrationsAsync, ct);
        var first = await ScrapeAsync(ct);
        var restart = await RestartAsync(ct);
        await CountedAsync("migrations ended", Migrations, EndedMigrationsAsync, ct);
        var allMoved = Stopwatch.GetElapsedTime(began);
        var second = await ScrapeAsync(ct);
        await StopControllersAsync();

        var failed = (await _client.For(KubeVirt.Migrations).ListAsync(ListOptions.All, ct)).Count(migration => migration.Status?.Phase != MigrationJobPhase.Succeeded);
        var running = await RunningInstancesAsync(ct);
        return
        [
            BenchResult.AtMost("migrations that did not succeed", "", 0, [failed]),
            BenchResult.AtMost("guests that do not run afterwards", "", 0, [Instances - running]),
            BenchResult.AtMost("API writes per migration", "", 12, [(Writes(first) - Writes(before) + Writes(second)) / Migrations]),
            BenchResult.AtMost("a phase's overhead: 99th percentile of waiting to be looked at + the look", "ms", 100, [Overhead(first), Overhead(second)]),
            BenchResult.AtMost("controllers RSS at most", "MiB", 200, _resident),
            BenchResult.Plain($"{Instances} guests created → running", "s", [allRun.TotalSeconds]),
            BenchResult.Plain($"{Migrations} migrations created → ended, 5 at once, 0.4 s of copying each", "s", [allMoved.TotalSeconds]),
            BenchResult.Plain("killed → first write of the next process", "s", [restart.TotalSeconds]),
        ];
    }

    /// <summary>All but the lease, which is renewed whatever happens.</summary>
    private static double Writes(ScrapedFigures figures) =>
        new[] { "create", "patch", "delete" }.Sum(verb => figures.Sum("migration_api_request_duration_seconds_count", $"verb=\"{verb}\""));

    private static double Overhead(ScrapedFigures figures) => 1000 * (
        figures.Quantile("migration_queue_wait_seconds", "queue=\"migrations\"", 0.99) + figures.Quantile("migration_reconcile_duration_seconds", "controller=\"migrations\"", 0.99));

    private async Task<TimeSpan> RestartAsync(CancellationToken ct)
    {
        var began = Stopwatch.GetTimestamp();
        _controllers!.Kill();
        await _controllers.WaitAsync(ct);
        StartControllers();
        await Eventually.UntilAsync("the next controllers write", Patience, _time, async limit => Writes(await ScrapeAsync(limit)) > 0, ct);
        return Stopwatch.GetElapsedTime(began);
    }

    private void StartControllers() => _controllers = StartedProgram.Start(new ProgramStart(
        Installation.Program("migration-controllers"),
        [
            "--kubeconfig", Path.Combine(_folder, "kubeconfig"), "--certificates", _folder, "--identity", "bench",
            "--node-port", NodePort.ToString(CultureInfo.InvariantCulture), "--http-listen", Http.ToString(),
        ],
        Path.Combine(_folder, "controllers.log")));

    private async Task StopControllersAsync()
    {
        if (_controllers is null)
            return;
        await _controllers.StopAsync(Grace, _time);
        _controllers.Dispose();
        _controllers = null;
    }

    /// <summary>Empty while they start.</summary>
    private async Task<ScrapedFigures> ScrapeAsync(CancellationToken ct)
    {
        try
        {
            var figures = new ScrapedFigures(await _http.GetStringAsync("/metrics", ct));
            _resident.Add(figures.Sum("process_resident_memory_bytes") / (1024 * 1024));
            return figures;
        }
        catch (HttpRequestException)
        {
            return new ScrapedFigures("");
        }
    }

    private async Task CountedAsync(string what, int enough, Func<CancellationToken, Task<int>> count, CancellationToken ct)
    {
        var shown = -1;
        await Eventually.UntilAsync(what, Patience, _time, async limit =>
        {
            var now = await count(limit);
            if (now / 50 != shown / 50)
                await Console.Error.WriteLineAsync($"{now} of {enough} {what}");
            shown = now;
            await Task.Delay(TimeSpan.FromMilliseconds(500), _time, limit);
            return now >= enough;
        }, ct);
    }

    private async Task<int> RunningInstancesAsync(CancellationToken ct) =>
        (await _client.For(KubeVirt.Instances).ListAsync(ListOptions.All, ct)).Count(instance => instance.Status?.Phase == InstancePhase.Running);

    private async Task<int> EndedMigrationsAsync(CancellationToken ct) =>
        (await _client.For(KubeVirt.Migrations).ListAsync(ListOptions.All, ct)).Count(migration => migration.IsFinal);

    private static Task ManyAsync(int count, Func<int, Task> act) =>
        Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, _) => await act(number));

    private async Task RegisterAsync(SimulatedNode node, CancellationToken ct)
    {
        await _client.For(Kinds.Nodes).CreateAsync(
            new Node { ApiVersion = "v1", Kind = "Node", Metadata = new ObjectMeta { Name = node.Name, Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = node.Name } } }, ct);
        await _client.For(Kinds.Nodes).PatchStatusAsync(new ObjectKey("", node.Name), Patch.Merge(new JsonObject
        {
            ["status"] = new JsonObject
            {
                ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = node.Address.ToString() }),
                ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Ready", ["status"] = "True" }),
                ["capacity"] = new JsonObject { ["cpu"] = "64", ["memory"] = "256Gi", ["pods"] = "250" },
                ["allocatable"] = new JsonObject { ["cpu"] = "64", ["memory"] = "256Gi", ["pods"] = "250" },
            },
        }), ct);
    }

    private static VirtualMachineInstance Instance(int number) => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachineInstance",
        Metadata = new ObjectMeta { Namespace = "default", Name = $"guest-{number}" },
        Spec = new VirtualMachineInstanceSpec
        {
            Domain = new Domain
            {
                Memory = new Memory { Guest = Quantity.Parse("512Mi") },
                Firmware = new Firmware { KernelBoot = new KernelBoot { Container = new KernelBootContainer { Image = "guest", KernelPath = "/boot/vmlinuz" } } },
            },
        },
    };

    private static VirtualMachineInstanceMigration Migration(int number) => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachineInstanceMigration",
        Metadata = new ObjectMeta { Namespace = "default", Name = $"move-{number}" },
        Spec = new VirtualMachineInstanceMigrationSpec { VmiName = $"guest-{number}" },
    };
}
