using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.Tests.Lab;

namespace Migration.Controllers.Tests;

/// <summary>Networks as people handle them: with the real kubectl.</summary>
public sealed class KubectlTests
{
    private const string Manifests = """
        apiVersion: k8s.cni.cncf.io/v1
        kind: NetworkAttachmentDefinition
        metadata: {name: lan}
        spec: {config: '{"cniVersion": "0.3.1", "name": "lan", "type": "bridge", "bridge": "br-lan"}'}
        ---
        apiVersion: kubevirt.io/v1
        kind: VirtualMachineInstance
        metadata: {name: vm}
        spec:
          domain:
            devices:
              interfaces:
              - {name: blue, bridge: {}}
              - {name: default, masquerade: {}, ports: [{name: http, port: 80}]}
            memory: {guest: 64Mi}
          networks:
          - {name: blue, multus: {networkName: lan}}
          - {name: default, pod: {}}
        """;

    [Fact]
    public async Task Networks_are_applied_listed_plugged_in_and_unplugged()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();

        await lab.ApplyAsync(Manifests);
        await lab.KubectlAsync("wait", "vmi/vm", "--for=jsonpath={.status.phase}=Running", "--timeout=50s");

        Assert.Contains("lan", await lab.KubectlAsync("get", "net-attach-def"), StringComparison.Ordinal);
        // The pod's address, although the spec has the other NIC first.
        var row = (await lab.KubectlAsync("get", "vmi", "vm", "--no-headers")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["Running", "10.244.1.7", "a"], row[2..5]);
        Assert.Equal("default blue", await lab.KubectlAsync("get", "vmi", "vm", "-o", "jsonpath={.status.interfaces[*].name}"));

        await lab.KubectlAsync("patch", "vmi", "vm", "--type=json", "-p", """
            [{"op":"add","path":"/spec/networks/-","value":{"name":"green","multus":{"networkName":"lan"}}},
             {"op":"add","path":"/spec/domain/devices/interfaces/-","value":{"name":"green","bridge":{}}}]
            """);
        // Not by kubectl wait: an element that is not there yet is an error to it.
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Any(nic => nic.Name == "green"), "plugged in");
        var asked = await lab.KubectlAsync("get", "pods", "-l", "kubevirt.io=virt-launcher", "-o", @"jsonpath={.items[0].metadata.annotations.k8s\.v1\.cni\.cncf\.io/networks}");
        Assert.Equal([PodInterfaceNames.Hashed("blue"), PodInterfaceNames.Hashed("green")], JsonNode.Parse(asked)!.AsArray().Select(network => (string?)network!["interface"]));

        await lab.KubectlAsync("patch", "vmi", "vm", "--type=json", "-p", """[{"op":"add","path":"/spec/domain/devices/interfaces/0/state","value":"absent"}]""");

        await lab.InstanceAsync("vm", vmi => vmi.Spec.Networks!.Count == 2 && vmi.Status!.Interfaces!.Count == 2, "unplugged");
        Assert.Equal("default green", await lab.KubectlAsync("get", "vmi", "vm", "-o", "jsonpath={.spec.networks[*].name}"));
        Assert.Contains("InterfaceUnplugged", await EventsAsync(lab), StringComparison.Ordinal);
    }

    // An event is told when its recorder gets to it.
    private static async Task<string> EventsAsync(ControllerLab lab)
    {
        await lab.StopControllersAsync();
        return await lab.KubectlAsync("describe", "vmi", "vm");
    }
}
