using System.Text.Json;

namespace Migration.Api.Tests;

/// <summary>One mistake at a time in a spec that is otherwise right; the message begins with the field's path.</summary>
public sealed class InstanceValidationTests
{
    [Theory]
    [InlineData("""{"domain":{"devices":{}}}""", "spec.domain.memory.guest: required")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Ki"}}}""", "spec.domain.memory.guest: 1Ki is less than 1Mi")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"32Ti"}}}""", "spec.domain.memory.guest: 32Ti is more than 16Ti")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"cpu":{"cores":-1}}}""", "spec.domain.cpu.cores: -1 is not between 1 and 1024")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"cpu":{"cores":64,"sockets":64}}}""", "spec.domain.cpu: sockets × cores × threads is 4096")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"firmware":{"uuid":"x"}}}""", "spec.domain.firmware.uuid: 'x' is not a UUID")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"firmware":{"kernelBoot":{"kernelArgs":"quiet"}}}}""", "spec.domain.firmware.kernelBoot.kernelArgs: given without")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"firmware":{"kernelBoot":{"container":{"kernelPath":"/k"}}}}}""", "spec.domain.firmware.kernelBoot.container.image: required")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"firmware":{"kernelBoot":{"container":{"image":"i"}}}}}""", "spec.domain.firmware.kernelBoot.container: kernelPath or initrdPath")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"firmware":{"kernelBoot":{"container":{"image":"i","kernelPath":"/../etc/x"}}}}}""", "spec.domain.firmware.kernelBoot.container.kernelPath: '/../etc/x' leaves the image")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}}}""", "spec.domain.devices.interfaces[0].name: there is no network 'a'")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.networks[0].name: there is no interface 'a'")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"},{"name":"a"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[1].name: 'a' is used twice")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}},{"name":"a","multus":{"networkName":"n"}}]}""", "spec.networks[1].name: 'a' is used twice")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a b"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a b","pod":{}}]}""", "spec.networks[0].name: 'a b' may hold only")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"},{"name":"b"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}},{"name":"b","pod":{}}]}""", "spec.networks: only one of them can be the pod network")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{},"multus":{"networkName":"n"}}]}""", "spec.networks[0]: pod and multus exclude each other")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a"}]}""", "spec.networks[0]: needs a source")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a"},{"name":"b"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}},{"name":"b","multus":{"networkName":"n","default":true}}]}""", "spec.networks: the pod network and a multus default")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"masquerade":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0]: only one binding")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}""", "spec.domain.devices.interfaces[0].masquerade: only on the pod network")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","model":"ne1000"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].model: 'ne1000' is none of")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","macAddress":"02:00:00:00:00"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].macAddress: '02:00:00:00:00' is not a MAC")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","macAddress":"02:00:00:00:00:00"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].macAddress: 02:00:00:00:00:00 belongs to the bridge")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","macAddress":"03:00:00:00:00:01"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].macAddress: 03:00:00:00:00:01 is a group address")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","state":"sideways"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].state: 'sideways' is none of")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"state":"absent"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].state: the interface of the default network cannot be absent")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"state":"absent"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n","default":true}}]}""", "spec.domain.devices.interfaces[0].state: the interface of the default network cannot be absent")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","binding":{"name":"managedtap"},"state":"absent"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}""", "spec.domain.devices.interfaces[0].state: only a bridge can be absent")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","sriov":{},"state":"down"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}""", "spec.domain.devices.interfaces[0].state: 'down' cannot be asked of this binding")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","passtBinding":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}""", "spec.domain.devices.interfaces[0].passtBinding: only on the pod network")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","binding":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"n"}}]}""", "spec.domain.devices.interfaces[0].binding.name: required")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"name":"x"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].ports[0].port: nothing is not between 1 and 65535")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"port":65536}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].ports[0].port: 65536 is not between 1 and 65535")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"port":1,"protocol":"ICMP"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].ports[0].protocol: 'ICMP' is none of TCP, UDP, SCTP")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"name":"x","port":1},{"name":"x","port":2}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].ports[1].name: 'x' is used twice")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"portRanges":[{"start":9,"end":8,"protocol":"TCP"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].portRanges[0]: 9 to 8 are not ports")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"portRanges":[{"start":0,"end":8,"protocol":"TCP"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].portRanges[0]: 0 to 8 are not ports")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"portRanges":[{"start":8,"end":9,"protocol":"ESP"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].portRanges[0].protocol: 'ESP' is none of")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"portRanges":[{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"},{"start":1,"end":2,"protocol":"TCP"}]}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].portRanges: 11 of them; 10 is the limit")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"ntpServers":["192.0.2.1","ntp.example"]}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].dhcpOptions.ntpServers[1]: 'ntp.example' is not an IPv4 address")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"ntpServers":["fd00::1"]}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].dhcpOptions.ntpServers[0]: 'fd00::1' is not an IPv4 address")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"privateOptions":[{"option":223,"value":"x"}]}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].dhcpOptions.privateOptions[0].option: 223 is not between 224 and 254")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"privateOptions":[{"option":224,"value":"x"},{"option":224,"value":"y"}]}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""", "spec.domain.devices.interfaces[0].dhcpOptions.privateOptions[1].option: 224 is used twice")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{"vmNetworkCIDR":"10.0.2.0/31"}}]}""", "spec.networks[0].pod.vmNetworkCIDR: '10.0.2.0/31' is not an IPv4 network")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{"vmIPv6NetworkCIDR":"10.0.2.0/24"}}]}""", "spec.networks[0].pod.vmIPv6NetworkCIDR: '10.0.2.0/24' is not an IPv6 network")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":""}}]}""", "spec.networks[0].multus.networkName: required")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"a/b/c"}}]}""", "spec.networks[0].multus.networkName: 'a/b/c' is not a name, or namespace/name")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","multus":{"networkName":"N"}}]}""", "spec.networks[0].multus.networkName: 'N' is not a name")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}},"terminationGracePeriodSeconds":-1}""", "spec.terminationGracePeriodSeconds: -1 is negative")]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}},"startStrategy":"Later"}""", "spec.startStrategy: 'Later' is not Paused")]
    public void A_mistake_is_named_with_its_field(string spec, string expected)
    {
        var errors = InstanceValidation.Errors(Complete(spec));

        var error = Assert.Single(errors);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"}}}""")]
    [InlineData("""{"domain":{"devices":{},"resources":{"requests":{"memory":"64M"}}}}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","macAddress":"52-54-00-AB-cd-01"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"name":"http","port":80},{"port":53,"protocol":"udp"}],"portRanges":[{"start":1,"end":65535,"protocol":"SCTP"}],"dhcpOptions":{"ntpServers":["010.001.000.001"],"privateOptions":[{"option":254,"value":""}]}}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{"vmNetworkCIDR":"010.011.000.000/24","vmIPv6NetworkCIDR":"fd10::/120"}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}},{"name":"b","bridge":{},"state":"absent"},{"name":"c","binding":{"name":"managedtap"},"state":"down"}]},"memory":{"guest":"1Gi"}},"networks":[{"name":"a","pod":{}},{"name":"b","multus":{"networkName":"infra/n"}},{"name":"c","multus":{"networkName":"n.1"}}]}""")]
    [InlineData("""{"domain":{"devices":{"autoattachPodInterface":false},"memory":{"guest":1073741824}}}""")]
    public void What_is_right_is_not_complained_about(string spec) => Assert.Empty(InstanceValidation.Errors(Complete(spec)));

    [Theory]
    [InlineData("""{"vmiName":"a"}""", null)]
    [InlineData("""{}""", "spec.vmiName: required")]
    [InlineData("""{"vmiName":"a","sendTo":{"migrationID":"x"}}""", "spec.sendTo: ")]
    [InlineData("""{"vmiName":"a","receive":{"migrationID":"x"}}""", "spec.receive: ")]
    public void A_migration_is_validated(string spec, string? expected)
    {
        var json = $$"""{"metadata":{"name":"m"},"spec":{{spec}}}""";
        var errors = MigrationValidation.Errors(JsonSerializer.Deserialize(json, ApiJson.Default.VirtualMachineInstanceMigration)!.Spec);

        if (expected is null)
            Assert.Empty(errors);
        else
            Assert.StartsWith(expected, Assert.Single(errors), StringComparison.Ordinal);
    }

    private static VirtualMachineInstanceSpec Complete(string spec) =>
        JsonSerializer.Deserialize($$"""{"metadata":{"name":"a","uid":"0a3b7c2e-5d4f-4e6a-8b9c-1d2e3f405162"},"spec":{{spec}}}""", ApiJson.Default.VirtualMachineInstance)!.CompleteSpec();
}
