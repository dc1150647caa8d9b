using Microsoft.Extensions.Logging.Abstractions;
using Migration.Api;
using Migration.Kubernetes;
using Migration.Local.Cluster;
using Migration.Local.Demo;
using Migration.Testing;

namespace Migration.EndToEnd.Tests;

/// <summary>A virtual machine through its days, with the real kubectl and a real guest.</summary>
public sealed class VirtualMachineTests
{
    private const string Name = "life";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly ObjectKey Key = new("default", Name);

    [Fact]
    public async Task A_guest_that_powers_off_is_started_again_gets_a_nic_stands_still_and_is_halted_gracefully()
    {
        var ct = TestContext.Current.CancellationToken;
        var before = await Footprint.OfAsync("life");
        await using (var cluster = await EmbeddedCluster.StartAsync(new ClusterOptions("life") { Nodes = 1 }, NullLoggerFactory.Instance, TimeProvider.System, ct))
        {
            using var journal = new GuestJournal(cluster);
            await ApplyAsync(cluster, DemoManifests.Lan("/run/migration-local/life/lan-addresses") + "\n---\n" + Manifest, ct);
            var first = await RunningAsync(cluster, journal, "", ct);

            // The guest's own shutdown.
            var address = first.Status!.Interfaces!.First(nic => nic.Name == "default").IpAddress!;
            await Shell.RunAsync("ip", "netns", "exec", Path.GetFileName(cluster.Paths.FabricNamespace), "busybox", "wget", "-q", "-O", "-", $"http://{address}/poweroff");
            var second = await RunningAsync(cluster, journal, first.Metadata.Uid!, ct);
            Assert.Equal(first.Spec.Domain.Firmware!.Uuid, second.Spec.Domain.Firmware!.Uuid);

            await KubectlAsync(cluster, "patch", "vm", Name, "--type=json", "-p", """
                [{"op":"add","path":"/spec/template/spec/networks/-","value":{"name":"lan","multus":{"networkName":"lan"}}},
                 {"op":"add","path":"/spec/template/spec/domain/devices/interfaces/-","value":{"name":"lan","bridge":{}}}]
                """);
            await UntilAsync(cluster, journal, "the guest sees the NIC that its template was given", () => journal.Text().Contains("GUEST-NIC eth1", StringComparison.Ordinal), ct);

            await KubectlAsync(cluster, "annotate", "vmi", Name, "migration.internal/paused=true");
            await KubectlAsync(cluster, "wait", "vm/" + Name, "--for=jsonpath={.status.printableStatus}=Paused", "--timeout=120s");
            await KubectlAsync(cluster, "annotate", "vmi", Name, "migration.internal/paused-");
            await KubectlAsync(cluster, "wait", "vm/" + Name, "--for=condition=Ready", "--timeout=120s");

            await KubectlAsync(cluster, "patch", "vm", Name, "--type=merge", "-p", """{"spec":{"runStrategy":"Halted"}}""");
            await KubectlAsync(cluster, "wait", "vm/" + Name, "--for=jsonpath={.status.printableStatus}=Stopped", "--timeout=120s");
            // Once by itself, once by its power button.
            Assert.Equal(2, journal.Text().Split("GUEST-POWEROFF").Length - 1);
            await KubectlAsync(cluster, "delete", "vm", Name, "--timeout=120s");
        }

        (await Footprint.OfAsync("life")).AssertNothingLeft(before);
    }

    private static async Task<VirtualMachineInstance> RunningAsync(EmbeddedCluster cluster, GuestJournal journal, string besides, CancellationToken ct)
    {
        VirtualMachineInstance? instance = null;
        await Eventually.UntilAsync("a guest runs that is not " + besides, Patience, TimeProvider.System, async limit =>
        {
            instance = await cluster.Client.For(KubeVirt.Instances).FindAsync(Key, limit);
            var pods = await LaunchersAsync(cluster, limit);
            journal.Follow(pods);
            return instance?.Status?.Phase == InstancePhase.Running && instance.Metadata.Uid != besides && instance.Status.Interfaces?[0].IpAddress is not null
                && pods.Any(pod => pod.Metadata.Label(Labels.CreatedBy) == instance.Metadata.Uid && journal.Of(pod).Contains("GUEST-READY", StringComparison.Ordinal));
        }, ct);
        return instance!;
    }

    private static Task UntilAsync(EmbeddedCluster cluster, GuestJournal journal, string what, Func<bool> holds, CancellationToken ct) =>
        Eventually.UntilAsync(what, Patience, TimeProvider.System, async limit =>
        {
            journal.Follow(await LaunchersAsync(cluster, limit));
            return holds();
        }, ct);

    private static Task<IReadOnlyList<Pod>> LaunchersAsync(EmbeddedCluster cluster, CancellationToken ct) =>
        cluster.Client.For(Kinds.Pods).ListAsync(ListOptions.All with { Namespace = "default", LabelSelector = "kubevirt.io=virt-launcher" }, ct);

    private static async Task ApplyAsync(EmbeddedCluster cluster, string manifests, CancellationToken ct)
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, manifests, ct);
        await KubectlAsync(cluster, "apply", "-f", file);
        File.Delete(file);
    }

    private static Task<string> KubectlAsync(EmbeddedCluster cluster, params string[] arguments) => Shell.RunAsync("kubectl", ["--kubeconfig", cluster.Paths.Kubeconfig, .. arguments]);

    private const string Manifest = $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata:
          name: {{Name}}
        spec:
          runStrategy: Always
          template:
            spec:
              terminationGracePeriodSeconds: 180
              domain:
                memory:
                  guest: 128Mi
                devices:
                  interfaces:
                  - name: default
                    bridge: {}
                firmware:
                  kernelBoot:
                    container:
                      image: migration/guest
                      kernelPath: /boot/vmlinuz
                      initrdPath: /boot/initrd.gz
                    kernelArgs: console=ttyS0 quiet no_timer_check
              networks:
              - name: default
                pod: {}
        """;
}
