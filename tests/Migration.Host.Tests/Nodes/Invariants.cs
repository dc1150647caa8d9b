using Grpc.Core;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>What must hold after every migration, whatever happened to it.</summary>
internal static class Invariants
{
    /// <summary>A migration is in this phase; if not, everybody's log is shown.</summary>
    public static void Is(NodeLab lab, MigrationPhase phase, MigrationState state) => Assert.True(state.Phase == phase, $"{phase} was expected: {state}\n{lab.Describe()}");

    /// <summary>One pod's guest lives on, and no other's does.</summary>
    public static async Task OnlyRunsInAsync(LabPod running, params LabPod[] others)
    {
        var before = others.Select(pod => pod.Guest.Ticks).ToArray();
        await running.Guest.WaitForTicksAsync(3, TestContext.Current.CancellationToken);
        Assert.Equal(before, others.Select(pod => pod.Guest.Ticks).ToArray());
        Assert.DoesNotContain("GUEST-CORRUPT", running.Guest.Console);
    }

    /// <summary>The guest stands still everywhere: nobody ticks while a second and more of the host's time passes.</summary>
    public static async Task NobodyRunsAsync(params LabPod[] pods)
    {
        var before = pods.Select(pod => pod.Guest.Ticks).ToArray();
        // A guest ticks each second; that this one does not is seen only by letting time pass.
        await Task.Delay(TimeSpan.FromSeconds(2.5), TestContext.Current.CancellationToken);
        Assert.Equal(before, pods.Select(pod => pod.Guest.Ticks).ToArray());
    }

    /// <summary>Machines, pods and migrations are taken away as the controllers and the kubelet do; then nothing of them is left.</summary>
    public static async Task NothingIsLeftAsync(NodeLab lab, params string[] migrations)
    {
        foreach (var node in new[] { lab.A, lab.B })
        {
            foreach (var id in migrations)
                await node.Migrations.ReleaseMigrationAsync(new ReleaseMigrationRequest { MigrationId = id });
            foreach (var pod in node.Pods.ToList())
            {
                await node.Machines.DeleteMachineAsync(new DeleteMachineRequest { Id = pod.Uid, GracePeriod = new() });
                await node.EventuallyAsync(async () => await IsGoneAsync(node, pod.Uid), $"machine {pod.Uid} is forgotten");
                await pod.DeleteAsync();
            }
        }

        foreach (var node in new[] { lab.A, lab.B })
        {
            foreach (var folder in new[] { "machines", "attachments", "incoming", "outgoing" })
                Assert.Empty(Directory.EnumerateFiles(Path.Combine(node.State, folder)));
            Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(node.KubeletRoot, "pods")));
            var links = (await node.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()).Order();
            Assert.Empty(links.Except(["cni0", "fabric", "lo", LabNode.Lan, "lancable"]));
        }

        var processes = await Shell.RunAsync("ps", "-eo", "args");
        Assert.DoesNotContain(processes.Split('\n'), line => line.StartsWith("qemu-system", StringComparison.Ordinal) && line.Contains(lab.Folder, StringComparison.Ordinal));
    }

    private static async Task<bool> IsGoneAsync(LabNode node, string machine)
    {
        try
        {
            await node.Machines.GetMachineAsync(new GetMachineRequest { Id = machine });
            return false;
        }
        catch (RpcException gone) when (gone.StatusCode is StatusCode.NotFound)
        {
            return true;
        }
    }
}
