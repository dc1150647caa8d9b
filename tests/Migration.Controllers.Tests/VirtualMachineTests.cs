using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Tests;

/// <summary>Virtual machines as people handle them: with the real kubectl.</summary>
public sealed class VirtualMachineTests
{
    [Fact]
    public async Task A_virtual_machine_is_run_listed_halted_and_deleted()
    {
        await using var lab = await ControllerLab.StartAsync(withVirtualMachines: true);
        lab.StartControllers();

        await lab.ApplyAsync(Manifest("Halted"));
        await lab.KubectlAsync("wait", "vm/vm", "--for=jsonpath={.status.printableStatus}=Stopped", "--timeout=150s");
        await lab.KubectlAsync("patch", "vm", "vm", "--type=merge", "-p", """{"spec":{"runStrategy":"Always"}}""");
        await lab.KubectlAsync("wait", "vm/vm", "--for=condition=Ready", "--timeout=150s");

        var table = (await lab.KubectlAsync("get", "vms")).Split('\n');
        Assert.Equal(["NAME", "AGE", "STATUS", "READY"], Words(table[0]));
        Assert.Equal(["Running", "True"], Words(table[1])[2..]);
        Assert.Equal("true true", await lab.KubectlAsync("get", "vm", "vm", "-o", "jsonpath={.status.created} {.status.ready}"));

        await lab.KubectlAsync("patch", "vm", "vm", "--type=merge", "-p", """{"spec":{"runStrategy":"Halted"}}""");
        await lab.KubectlAsync("wait", "vm/vm", "--for=jsonpath={.status.printableStatus}=Stopped", "--timeout=150s");
        Assert.Empty(await lab.Instances.ListAsync(ListOptions.All, CancellationToken.None));
        Assert.Empty(lab.A.Machines);

        await lab.KubectlAsync("delete", "vm", "vm", "--timeout=150s");
        await lab.LeftAsync();
    }

    [Fact]
    public async Task A_guest_that_ends_is_started_again_and_restarted_on_request()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.ApplyAsync(Manifest("Always"));
        var first = await RunningAsync(lab, "");

        lab.A.EndGuest(Assert.Single(lab.A.Machines).Id, MachinePhase.Stopped, "");
        var second = await RunningAsync(lab, first.Metadata.Uid!);
        Assert.Equal(first.Spec.Domain.Firmware!.Uuid, second.Spec.Domain.Firmware!.Uuid);

        var requests = new JsonArray(new JsonObject { ["action"] = "Stop", ["uid"] = second.Metadata.Uid }, new JsonObject { ["action"] = "Start" });
        await lab.KubectlAsync("patch", "vm", "vm", "--subresource=status", "--type=merge", "-p", new JsonObject { ["status"] = new JsonObject { ["stateChangeRequests"] = requests } }.ToJsonString());
        await RunningAsync(lab, second.Metadata.Uid!);

        var settled = await lab.VirtualMachineAsync("vm", vm => vm.Status is { StateChangeRequests: null, PrintableStatus: PrintableStatus.Running }, "running, with no request left");
        Assert.Null(settled.Status!.StartFailure);
        Assert.Empty(lab.Guests.Violations);
    }

    [Fact]
    public async Task One_that_is_run_by_hand_starts_and_stops_when_asked()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.ApplyAsync(Manifest("Manual"));
        await lab.VirtualMachineAsync("vm", vm => vm.Status?.PrintableStatus == PrintableStatus.Stopped, "stopped");

        await RequestAsync(lab, "Start");
        await RunningAsync(lab, "");
        await RequestAsync(lab, "Stop");

        await lab.VirtualMachineAsync("vm", vm => vm.Status is { PrintableStatus: PrintableStatus.Stopped, Created: false, StateChangeRequests: null }, "stopped");
    }

    [Fact]
    public async Task A_start_of_one_that_is_halted_makes_it_run_always()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.ApplyAsync(Manifest("Halted"));
        await lab.VirtualMachineAsync("vm", vm => vm.Status?.PrintableStatus == PrintableStatus.Stopped, "stopped");

        await RequestAsync(lab, "Start");

        await RunningAsync(lab, "");
        Assert.Equal("Always", await lab.KubectlAsync("get", "vm", "vm", "-o", "jsonpath={.spec.runStrategy}"));
    }

    [Fact]
    public async Task One_that_is_to_rerun_on_failure_does_so_and_stays_when_it_shut_down()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.ApplyAsync(Manifest("RerunOnFailure"));
        var first = await RunningAsync(lab, "");

        lab.A.EndGuest(Assert.Single(lab.A.Machines).Id, MachinePhase.Failed, "QEMU ended with signal 11");
        await RunningAsync(lab, first.Metadata.Uid!);
        lab.A.EndGuest(lab.A.Machines.Single(machine => machine.Phase == MachinePhase.Running).Id, MachinePhase.Stopped, "");

        await lab.InstanceAsync("vm", InstancePhase.Succeeded);
        await lab.VirtualMachineAsync("vm", vm => vm.Status is { PrintableStatus: PrintableStatus.Stopped, Created: true }, "stopped");
    }

    [Fact]
    public async Task An_orphaned_instance_runs_on_and_is_adopted_by_the_next_of_its_name()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.ApplyAsync(Manifest("Always"));
        var instance = await RunningAsync(lab, "");

        await lab.KubectlAsync("delete", "vm", "vm", "--cascade=orphan", "--timeout=150s");
        var orphan = await lab.InstanceAsync("vm", vmi => vmi.Metadata.ControllingOwner is null, "nobody's");
        Assert.Equal((instance.Metadata.Uid, false), (orphan.Metadata.Uid, orphan.IsDeleting));

        await lab.ApplyAsync(Manifest("Always"));
        await lab.InstanceAsync("vm", vmi => vmi.Metadata.ControllingOwner?.Kind == "VirtualMachine", "adopted");
        Assert.Equal(1, lab.Guests.Boots(instance.Metadata.Uid!));
    }

    [Fact]
    public async Task Nics_come_and_go_by_edits_of_the_template_and_what_cannot_waits_for_a_restart()
    {
        await using var lab = await ControllerLab.StartAsync(withVirtualMachines: true);
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.ApplyAsync(Manifest("Always"));
        var instance = await RunningAsync(lab, "");

        await lab.KubectlAsync("patch", "vm", "vm", "--type=json", "-p", """
            [{"op":"add","path":"/spec/template/spec/networks/-","value":{"name":"blue","multus":{"networkName":"lan"}}},
             {"op":"add","path":"/spec/template/spec/domain/devices/interfaces/-","value":{"name":"blue","bridge":{}}}]
            """);
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Any(nic => nic.Name == "blue" && nic.LinkState == InterfaceState.Up), "plugged in");

        await lab.KubectlAsync("patch", "vm", "vm", "--type=json", "-p", """[{"op":"add","path":"/spec/template/spec/domain/devices/interfaces/1/state","value":"down"}]""");
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Any(nic => nic.Name == "blue" && nic.LinkState == InterfaceState.Down), "without carrier");

        await lab.KubectlAsync("patch", "vm", "vm", "--type=json", "-p", """[{"op":"replace","path":"/spec/template/spec/domain/devices/interfaces/1/state","value":"absent"}]""");
        await lab.VirtualMachineAsync("vm", vm => vm.Spec.Template!.Spec.Networks!.Count == 1, "entry gone");
        var unplugged = await lab.InstanceAsync("vm", vmi => vmi.Spec.Networks!.Count == 1 && vmi.Status!.Interfaces!.Count == 1, "unplugged");
        Assert.Equal(instance.Metadata.Uid, unplugged.Metadata.Uid);
        Assert.Null((await lab.VirtualMachines.GetAsync(new ObjectKey(ControllerLab.Namespace, "vm"), CancellationToken.None)).Status!.Conditions.Find(VirtualMachineCondition.RestartRequired));

        await lab.KubectlAsync("patch", "vm", "vm", "--type=merge", "-p", """{"spec":{"template":{"spec":{"domain":{"memory":{"guest":"96Mi"}}}}}}""");
        await lab.KubectlAsync("wait", "vm/vm", "--for=condition=RestartRequired", "--timeout=150s");
        await lab.StopControllersAsync();
        Assert.Contains("Warning RestartRequired: takes effect with a restart: spec.template.spec.domain.memory.guest", await lab.EventsAsync("vm"));
    }

    private static Task RequestAsync(ControllerLab lab, string action) =>
        lab.KubectlAsync("patch", "vm", "vm", "--subresource=status", "--type=merge", "-p", new JsonObject { ["status"] = new JsonObject { ["stateChangeRequests"] = new JsonArray(new JsonObject { ["action"] = action }) } }.ToJsonString());

    private static Task<VirtualMachineInstance> RunningAsync(ControllerLab lab, string besides) =>
        lab.InstanceAsync("vm", vmi => vmi.Status?.Phase == InstancePhase.Running && vmi.Metadata.Uid != besides, "running anew");

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string Manifest(string strategy) => $$"""
        apiVersion: kubevirt.io/v1
        kind: VirtualMachine
        metadata: {name: vm}
        spec:
          runStrategy: {{strategy}}
          template:
            metadata:
              labels: {app: vm}
            spec:
              domain:
                devices:
                  interfaces:
                  - {name: default, bridge: { } }
                memory: {guest: 64Mi}
              networks:
              - {name: default, pod: { } }
        """;
}
