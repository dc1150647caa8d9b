using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.EndToEnd.Tests;

/// <summary>What an operator does before touching a node: kubectl drain, and nothing else.</summary>
public sealed class DrainTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);
    private static readonly string[] Guests = ["one", "two", "three"];

    [Fact]
    public async Task Kubectl_drain_moves_every_guest_and_ends_well()
    {
        var ct = TestContext.Current.CancellationToken;
        var before = await Footprint.OfAsync("drain");
        await using (var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions("drain"), NullLoggerFactory.Instance, TimeProvider.System, ct))
        {
            var journals = Guests.ToDictionary(name => name, _ => new GuestJournal(cluster));
            await KubectlAsync(cluster, "cordon", "node2");
            await StartGuestsAsync(cluster, ct);
            await UntilAsync(cluster, journals, "every guest counts", () => journals.Values.All(journal => journal.Last() > 0), ct);
            await KubectlAsync(cluster, "uncordon", "node2");

            // Shell.RunAsync fails when it ends with anything but 0.
            var told = await KubectlAsync(cluster, "drain", "node1", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=240s");

            Assert.Contains("node/node1 drained", told, StringComparison.Ordinal);
            await MovedAsync(cluster, ct);
            var counted = journals.ToDictionary(journal => journal.Key, journal => journal.Value.Last());
            await UntilAsync(cluster, journals, "every guest counts on", () => journals.All(journal => journal.Value.Last() > counted[journal.Key] + 1), ct);
            foreach (var (name, journal) in journals)
            {
                var counts = journal.Counts();
                Assert.True(counts.Count == counts.Distinct().Count(), $"guest {name} ran twice\n{journal.Text()}");
                journal.Dispose();
            }
        }

        (await Footprint.OfAsync("drain")).AssertNothingLeft(before);
    }

    private static async Task MovedAsync(EmbeddedCluster cluster, CancellationToken ct)
    {
        var jobs = await cluster.Client.For(KubeVirt.Migrations).ListAsync(ListOptions.All, ct);
        Assert.Equal(Guests.Order(), jobs.Where(job => job.Status?.Phase == MigrationJobPhase.Succeeded).Select(job => job.Spec.VmiName).Order());
        Assert.All(jobs, job => Assert.StartsWith("kubevirt-evacuation-", job.Metadata.Name, StringComparison.Ordinal));
        foreach (var name in Guests)
        {
            var instance = await cluster.Client.For(KubeVirt.Instances).GetAsync(new ObjectKey("default", name), ct);
            Assert.Equal((InstancePhase.Running, "node2", null), (instance.Status!.Phase, instance.Status.NodeName, instance.Status.EvacuationNodeName));
        }

        // What was kept of the guests' addresses went with the node, and that was told.
        await Eventually.UntilAsync("the loss of every address is told", Patience, TimeProvider.System, async limit =>
            (await cluster.Client.For(Kinds.Events).ListAsync(ListOptions.All, limit)).Where(told => told.Reason == "AnchorEvicted").Select(told => told.InvolvedObject?.Name).Distinct().Count() == Guests.Length, ct);
        Assert.DoesNotContain(await LaunchersAsync(cluster, ct), pod => pod.Spec?.NodeName == "node1");
    }

    private static async Task StartGuestsAsync(EmbeddedCluster cluster, CancellationToken ct)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, string.Join("\n---\n", Guests.Select(Manifest)), ct);
        await KubectlAsync(cluster, "apply", "-f", file);
        File.Delete(file);
    }

    private static string Manifest(string name) => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstance
        metadata:
          name: {{name}}
        spec:
          evictionStrategy: LiveMigrate
          terminationGracePeriodSeconds: 2
          domain:
            memory:
              guest: 96Mi
            devices:
              interfaces:
              - name: default
                bridge: {}
            firmware:
              kernelBoot:
                container: {image: migration/guest, kernelPath: /boot/vmlinuz, initrdPath: /boot/initrd.gz}
                kernelArgs: console=ttyS0 quiet no_timer_check
          networks:
          - name: default
            pod: {}
        """;

    private static Task<string> KubectlAsync(EmbeddedCluster cluster, params string[] arguments) =>
        Shell.RunAsync("kubectl", ["--kubeconfig", cluster.Paths.Kubeconfig, .. arguments]);

    private static Task<IReadOnlyList<Pod>> LaunchersAsync(EmbeddedCluster cluster, CancellationToken ct) =>
        cluster.Client.For(Kinds.Pods).ListAsync(ListOptions.All with { Namespace = "default", LabelSelector = "kubevirt.io=virt-launcher" }, ct);

    private static Task UntilAsync(EmbeddedCluster cluster, Dictionary<string, GuestJournal> journals, string what, Func<bool> holds, CancellationToken ct) =>
        Eventually.UntilAsync(what, Patience, TimeProvider.System, async limit =>
        {
            var pods = await LaunchersAsync(cluster, limit);
            foreach (var (name, journal) in journals)
                journal.Follow(pods.Where(pod => pod.Metadata.Annotation(Annotations.Domain) == name));
            return holds();
        }, ct);
}
