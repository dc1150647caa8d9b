using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Local.Cluster;
using Migration.Local.Demo;

namespace Migration.Local.Bench;

/// <summary>
/// Whole migrations by Kubernetes objects, encrypted, between the two nodes of an embedded cluster, each next to one by raw QEMU over
/// loopback in the same run.
/// </summary>
public static class MigrationBench
{
    private const int Rounds = 7, Warm = 1;
    private const long GuestMemory = DemoManifests.MemoryMiB * 1024L * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    public static async Task<IReadOnlyList<BenchResult>> RunAsync(CancellationToken ct)
    {
        var time = TimeProvider.System;
        await using var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions("bench"), NullLoggerFactory.Instance, time, ct);
        await new Kubectl(cluster.Paths.Kubeconfig).SendAsync("apply", DemoManifests.Guest(), ct);
        await Eventually.UntilAsync("the guest runs", Patience, time, async limit =>
            (await cluster.Client.For(KubeVirt.Instances).GetAsync(new ObjectKey("default", DemoManifests.GuestName), limit)).Status?.Phase == "Running", ct);
        await using var raw = await RawMigrations.StartAsync(cluster.Paths.Node("node1").Namespace, GuestMemory, time, ct);
        List<RawMigrations.Timing> alone = [];
        List<Whole> whole = [];
        for (var round = 0; round < Warm + Rounds; round++)
        {
            WarmMemory();
            alone.Add(await raw.MigrateAsync(ct));
            WarmMemory();
            whole.Add(await MigrateAsync(cluster, round, time, ct));
        }

        alone.RemoveRange(0, Warm);
        whole.RemoveRange(0, Warm);
        return [.. Figures(alone, whole), .. Footprint(cluster)];
    }

    private static IEnumerable<BenchResult> Figures(List<RawMigrations.Timing> alone, List<Whole> whole)
    {
        var rawStopped = BenchResult.Plain("raw QEMU: guest stopped", "ms", alone.Select(timing => timing.Stopped.TotalMilliseconds));
        var rawTotal = BenchResult.Plain("raw QEMU: total", "ms", alone.Select(timing => timing.Total.TotalMilliseconds));
        yield return rawTotal;
        yield return BenchResult.Plain("encrypted: total", "ms", whole.Select(timing => timing.Total.TotalMilliseconds));
        yield return BenchResult.AtMost("encrypted total / raw total, idle 512 MiB", "×", 1.6,
            alone.Zip(whole, (one, other) => other.Total / one.Total));
        yield return rawStopped;
        yield return BenchResult.AtMost("guest stopped, idle", "ms", 10, whole.Select(timing => timing.Stopped.TotalMilliseconds));
        yield return BenchResult.AtMost("guest stopped, above raw QEMU", "ms", 3,
            alone.Zip(whole, (one, other) => (other.Stopped - one.Stopped).TotalMilliseconds));
        yield return BenchResult.AtMost("create → Succeeded, above raw QEMU", "ms", 1000,
            alone.Zip(whole, (one, other) => (other.CreateToSucceeded - one.Total).TotalMilliseconds));
    }

    private static IEnumerable<BenchResult> Footprint(EmbeddedCluster cluster)
    {
        var launchers = Process.GetProcessesByName("migration-launcher").Select(ResidentMiB).ToList();
        if (launchers.Count > 0)
            yield return BenchResult.AtMost("launcher RSS", "MiB", 12, launchers);
        yield return BenchResult.AtMost("node service RSS", "MiB", 60,
            cluster.Programs.Where(program => program.Name != "controllers" && program.ProcessId is not null)
                .Select(program => ResidentMiB(Process.GetProcessById(program.ProcessId!.Value))));
    }

    private static async Task<Whole> MigrateAsync(EmbeddedCluster cluster, int round, TimeProvider time, CancellationToken ct)
    {
        var key = new ObjectKey("default", string.Create(CultureInfo.InvariantCulture, $"bench-{round}"));
        var migrations = cluster.Client.For(KubeVirt.Migrations);
        var created = Stopwatch.GetTimestamp();
        await migrations.CreateAsync(new VirtualMachineInstanceMigration
        {
            ApiVersion = "kubevirt.io/v1",
            Kind = "VirtualMachineInstanceMigration",
            Metadata = new ObjectMeta { Namespace = key.Namespace, Name = key.Name },
            Spec = new VirtualMachineInstanceMigrationSpec { VmiName = DemoManifests.GuestName },
        }, ct);
        var ended = await Eventually.Async("the migration ends", Patience, time, async limit =>
            await migrations.GetAsync(key, limit) is { Status.Phase: MigrationJobPhase.Succeeded or MigrationJobPhase.Failed } migration ? migration : null, ct);
        var createToSucceeded = Stopwatch.GetElapsedTime(created);
        if (ended.Status!.Phase != MigrationJobPhase.Succeeded)
            throw new InvalidOperationException($"migration {key.Name} failed: {ended.Status.MigrationState?.FailureReason}");
        return new Whole(Duration(ended.Status.Progress?.TotalTime), Duration(ended.Status.Progress?.Downtime), createToSucceeded);
    }

    /// <summary>The first touch of memory that the machine has not got ready dominates everything else: touch it before.</summary>
    private static void WarmMemory()
    {
        var memory = GC.AllocateUninitializedArray<byte>((int)GuestMemory, pinned: true);
        for (var offset = 0; offset < memory.Length; offset += 4096)
            memory[offset] = 1;
        memory = null;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }

    private static double ResidentMiB(Process process)
    {
        using (process)
            return process.WorkingSet64 / (1024.0 * 1024);
    }

    private static TimeSpan Duration(string? text) =>
        text is not null && GoDuration.TryParse(text, out var duration) ? duration : throw new InvalidOperationException("the migration's status has no times");

    private sealed record Whole(TimeSpan Total, TimeSpan Stopped, TimeSpan CreateToSucceeded);
}
