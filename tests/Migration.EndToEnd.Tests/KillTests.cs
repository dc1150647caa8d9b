using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Linux;
using Migration.Local.Cluster;
using Migration.Local.Demo;
using Migration.Testing;

namespace Migration.EndToEnd.Tests;

/// <summary>Any of our programs may be killed at any moment: the migration ends one way or the other, and the guest runs exactly once.</summary>
public sealed class KillTests
{
    private const int Seed = 20261120;
    private const int Migrations = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    [Fact]
    public async Task Ten_migrations_survive_random_kills_of_nodes_and_controllers()
    {
        var ct = TestContext.Current.CancellationToken;
        var before = await Footprint.OfAsync("kill");
        var random = new Random(Seed);
        await using (var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions("kill"), NullLoggerFactory.Instance, TimeProvider.System, ct))
        {
            using var journal = new GuestJournal(cluster);
            await StartGuestAsync(cluster, journal, ct);
            for (var number = 1; number <= Migrations; number++)
                await MigrateAndKillAsync(cluster, journal, number, random, ct);

            var twice = journal.Counts().GroupBy(count => count).Where(group => group.Count() > 1).Select(group => group.Key).ToList();
            Assert.True(twice.Count == 0, $"the guest counted {string.Join(',', twice)} more than once: it ran twice\n{journal.Text()}");
            await DeleteGuestAsync(cluster, ct);
        }

        (await Footprint.OfAsync("kill")).AssertNothingLeft(before);
    }

    private static async Task StartGuestAsync(EmbeddedCluster cluster, GuestJournal journal, CancellationToken ct)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, DemoManifests.Guest(), ct);
        await Shell.RunAsync("kubectl", "--kubeconfig", cluster.Paths.Kubeconfig, "apply", "-f", file);
        File.Delete(file);
        await UntilAsync(cluster, journal, "the guest counts", () => journal.Last() > 0, ct);
    }

    private static async Task MigrateAndKillAsync(EmbeddedCluster cluster, GuestJournal journal, int number, Random random, CancellationToken ct)
    {
        var key = new ObjectKey("default", string.Create(CultureInfo.InvariantCulture, $"move-{number}"));
        var migrations = cluster.Client.For(KubeVirt.Migrations);
        await Eventually.UntilAsync($"migration {number} is admitted", Patience, TimeProvider.System, async limit => await IsAdmittedAsync(migrations, key, limit), ct);
        // The moment is random, not a wait for anything: every phase is to be hit sooner or later.
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 4000)), TimeProvider.System, ct);
        var victim = cluster.Programs[random.Next(cluster.Programs.Count)];
        Kill(victim);

        var ended = await Eventually.Async($"migration {number} ends after {victim.Name} was killed", Patience, TimeProvider.System, async limit =>
        {
            journal.Follow(await LaunchersAsync(cluster, limit));
            var migration = await migrations.GetAsync(key, limit);
            return migration.Status?.Phase is MigrationJobPhase.Succeeded or MigrationJobPhase.Failed ? migration : null;
        }, ct);
        if (ended.Status!.Phase == MigrationJobPhase.Failed)
            Assert.False(string.IsNullOrEmpty(ended.Status.MigrationState?.FailureReason), $"migration {number} failed without a reason");

        var counted = journal.Last();
        await UntilAsync(cluster, journal, $"the guest counts on after migration {number} ({ended.Status.Phase}, {victim.Name} killed)", () => journal.Last() > counted + 1, ct);
        // Besides the guest's pod, only the one that has its address: however often it moves, anchors do not pile up.
        await Eventually.UntilAsync($"one pod, one anchor at most and one QEMU are left after migration {number}", Patience, TimeProvider.System,
            async limit => await LaunchersAsync(cluster, limit) is var pods && pods.Count(IsAnchor) <= 1 && pods.Count(pod => !IsAnchor(pod)) == 1 && QemusOf(cluster) == 1, ct);
    }

    /// <summary>While the controllers are killed nobody judges what is to be created: it is refused, and whoever creates it tries again.</summary>
    private static async Task<bool> IsAdmittedAsync(ResourceClient<VirtualMachineInstanceMigration> migrations, ObjectKey key, CancellationToken ct)
    {
        try
        {
            await migrations.CreateAsync(Migration(key), ct);
            return true;
        }
        catch (KubernetesException refused) when (refused.Message.Contains("failed calling webhook", StringComparison.Ordinal))
        {
            return false;
        }
    }

    private static async Task DeleteGuestAsync(EmbeddedCluster cluster, CancellationToken ct)
    {
        await cluster.Client.For(KubeVirt.Instances).DeleteAsync(new ObjectKey("default", DemoManifests.GuestName), ct);
        await Eventually.UntilAsync("nothing of the guest is left on the nodes", Patience, TimeProvider.System,
            async limit => (await LaunchersAsync(cluster, limit)).Count == 0 && QemusOf(cluster) == 0 && RecordsOf(cluster).Count == 0, ct);
    }

    private static VirtualMachineInstanceMigration Migration(ObjectKey key) => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachineInstanceMigration",
        Metadata = new ObjectMeta { Namespace = key.Namespace, Name = key.Name },
        Spec = new VirtualMachineInstanceMigrationSpec { VmiName = DemoManifests.GuestName },
    };

    private static void Kill(Supervisor victim)
    {
        if (victim.ProcessId is not { } id)
            return;
        using var process = ProcessHandle.Open(id);
        process.Signal(ProcessSignal.Kill);
    }

    private static bool IsAnchor(Pod pod) => pod.Metadata.Label(Labels.Anchor) is not null;

    private static Task<IReadOnlyList<Pod>> LaunchersAsync(EmbeddedCluster cluster, CancellationToken ct) =>
        cluster.Client.For(Kinds.Pods).ListAsync(ListOptions.All with { Namespace = "default", LabelSelector = "kubevirt.io=virt-launcher" }, ct);

    private static Task UntilAsync(EmbeddedCluster cluster, GuestJournal journal, string what, Func<bool> holds, CancellationToken ct) =>
        Eventually.UntilAsync(what, Patience, TimeProvider.System, async limit =>
        {
            journal.Follow(await LaunchersAsync(cluster, limit));
            return holds();
        }, ct);

    /// <summary>QEMUs in the network namespaces of this cluster's pods.</summary>
    private static int QemusOf(EmbeddedCluster cluster)
    {
        var spaces = cluster.Paths.ExistingNamespaces().Select(InodeOf).ToHashSet();
        return Directory.EnumerateDirectories("/proc").Count(folder => Is(folder, "qemu-system-x86", spaces));
    }

    private static string InodeOf(string path)
    {
        using var space = NetworkNamespace.Open(path);
        return $"net:[{space.Inode}]";
    }

    private static bool Is(string folder, string program, HashSet<string> spaces)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "comm")).Trim() == program
                && new FileInfo(Path.Combine(folder, "ns/net")).LinkTarget is { } space && spaces.Contains(space);
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>What node services still remember on disk of machines, attachments and migrations.</summary>
    private static List<string> RecordsOf(EmbeddedCluster cluster) =>
        [.. new[] { "node1", "node2" }.SelectMany(node => Directory.EnumerateFiles(cluster.Paths.Node(node).State, "*.json", SearchOption.AllDirectories))];
}
