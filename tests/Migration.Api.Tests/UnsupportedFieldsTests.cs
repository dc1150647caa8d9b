using System.Text.Json;

namespace Migration.Api.Tests;

/// <summary>What is asked for and not acted on is named; what is acted on is not.</summary>
public sealed class UnsupportedFieldsTests
{
    [Theory]
    [InlineData("""{"domain":{"devices":{}},"volumes":[{"name":"d","memoryDump":{"claimName":"c"}}]}""", "spec.volumes[0].memoryDump", true)]
    [InlineData("""{"domain":{"devices":{}},"volumes":[{"name":"d","persistentVolumeClaim":{"claimName":"c","hotpluggable":true}}]}""", "spec.volumes[0].persistentVolumeClaim.hotpluggable", false)]
    [InlineData("""{"domain":{"devices":{"disks":[{"name":"d","lun":{"bus":"scsi"}}]}}}""", "spec.domain.devices.disks[0].lun", true)]
    [InlineData("""{"domain":{"devices":{"disks":[{"name":"d","disk":{"pciAddress":"0000:01:00.0"}}]}}}""", "spec.domain.devices.disks[0].disk.pciAddress", false)]
    [InlineData("""{"domain":{"devices":{"disks":[{"name":"d","disk":{},"dedicatedIOThread":true}]}}}""", "spec.domain.devices.disks[0].dedicatedIOThread", false)]
    [InlineData("""{"domain":{"devices":{},"firmware":{"bootloader":{"efi":{"persistent":true}}}}}""", "spec.domain.firmware.bootloader.efi.persistent", false)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","sriov":{}}]}}}""", "spec.domain.devices.interfaces[0].sriov", true)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","passtBinding":{}}]}}}""", "spec.domain.devices.interfaces[0].passtBinding", true)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","binding":{"name":"x"}}]}}}""", "spec.domain.devices.interfaces[0].binding", true)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","slirp":{}}]}}}""", "spec.domain.devices.interfaces[0].slirp", true)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"pciAddress":"0000:01:00.0"}]}}}""", "spec.domain.devices.interfaces[0].pciAddress", false)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{}}]}},"networks":[{"name":"a","pod":{"vmNetworkCIDR":"10.0.2.0/24"}}]}""", "spec.networks[0].pod.vmNetworkCIDR", false)]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"novel":"x"}}]}}}""", "spec.domain.devices.interfaces[0].dhcpOptions.novel", false)]
    [InlineData("""{"domain":{"devices":{}},"networks":[{"name":"a","resourceClaim":{"claimName":"n"}}]}""", "spec.networks[0].resourceClaim", true)]
    [InlineData("""{"domain":{"devices":{"tpm":{}}}}""", "spec.domain.devices.tpm", true)]
    [InlineData("""{"domain":{"devices":{"rng":{},"sound":{"name":"s"}}}}""", "spec.domain.devices.sound", false)]
    [InlineData("""{"domain":{"devices":{},"memory":{"hugepages":{"pageSize":"2Mi"}}}}""", "spec.domain.memory.hugepages", false)]
    [InlineData("""{"domain":{"devices":{},"cpu":{"dedicatedCpuPlacement":true}}}""", "spec.domain.cpu.dedicatedCpuPlacement", true)]
    [InlineData("""{"domain":{"devices":{}},"somethingNew":{"a":1}}""", "spec.somethingNew", false)]
    [InlineData("""{"domain":{"devices":{},"features":{"acpi":{},"hyperv":{"relaxed":{}}}}}""", "spec.domain.features.hyperv", true)]
    [InlineData("""{"domain":{"devices":{},"features":{"acpi":{"enabled":false}}}}""", "spec.domain.features", true)]
    [InlineData("""{"domain":{"devices":{},"clock":{"utc":{},"timer":{"hpet":{"present":false},"rtc":{"present":true}}}}}""", "spec.domain.clock.timer.hpet", false)]
    [InlineData("""{"domain":{"devices":{"autoattachMemBalloon":false}}}""", "spec.domain.devices.autoattachMemBalloon", false)]
    [InlineData("""{"domain":{"devices":{}},"architecture":"arm64"}""", "spec.architecture", true)]
    public void A_field_that_is_not_acted_on_is_named(string spec, string path, bool essential)
    {
        var field = Assert.Single(UnsupportedFields.Of(Read(spec)));

        Assert.Equal(new UnsupportedField(path, essential), field);
    }

    [Theory]
    [InlineData("""{"domain":{"devices":{},"memory":{"guest":"1Gi"},"cpu":{"cores":2,"model":"host-model"},"machine":{"type":"q35"},"resources":{"requests":{"cpu":"1"}}}}""")]
    [InlineData("""{"domain":{"devices":{"autoattachGraphicsDevice":false,"interfaces":[{"name":"a","bridge":{},"macAddress":"52:54:00:00:00:01","state":"up"}]}},"networks":[{"name":"a","pod":{}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","masquerade":{},"ports":[{"name":"http","port":80}],"portRanges":[{"start":1,"end":2,"protocol":"UDP"}]},{"name":"b","bridge":{},"state":"down"},{"name":"c","binding":{"name":"managedtap"}}]}},"networks":[{"name":"a","pod":{"vmNetworkCIDR":"10.0.2.0/24"}},{"name":"b","multus":{"networkName":"n"}},{"name":"c","multus":{"networkName":"n"}}]}""")]
    [InlineData("""{"domain":{"devices":{"interfaces":[{"name":"a","bridge":{},"dhcpOptions":{"bootFileName":"f","tftpServerName":"t","ntpServers":["192.0.2.1"],"privateOptions":[{"option":230,"value":"x"}]}}]}},"networks":[{"name":"a","pod":{}}]}""")]
    [InlineData("""{"domain":{"devices":{},"firmware":{"uuid":"u","kernelBoot":{"container":{"image":"i","imagePullSecret":"s","kernelPath":"/k","initrdPath":"/i"},"kernelArgs":"quiet"}}}}""")]
    [InlineData("""{"domain":{"devices":{}},"nodeSelector":{"a":"b"},"tolerations":[{"operator":"Exists"}],"affinity":{"nodeAffinity":{}},"topologySpreadConstraints":[{"maxSkew":1}],"dnsPolicy":"None","dnsConfig":{"nameservers":["192.0.2.1"]},"hostname":"h","subdomain":"s","priorityClassName":"p","schedulerName":"x"}""")]
    [InlineData("""{"domain":{"devices":{"disks":[{"name":"a","disk":{"bus":"virtio","readonly":true},"bootOrder":1,"serial":"s","cache":"none","io":"native","blockSize":{"custom":{"logical":512,"physical":4096,"discardGranularity":512}},"shareable":true,"errorPolicy":"report"},{"name":"b","cdrom":{"bus":"sata","readonly":true,"tray":"closed"}}]},"firmware":{"bootloader":{"efi":{"secureBoot":false}}}}}""")]
    [InlineData("""{"domain":{"devices":{}},"volumes":[{"name":"a","containerDisk":{"image":"i","imagePullPolicy":"Always","imagePullSecret":"s","path":"/p"}},{"name":"b","persistentVolumeClaim":{"claimName":"c","readOnly":true}},{"name":"c","hostDisk":{"path":"/p","type":"Disk","shared":true}},{"name":"d","emptyDisk":{"capacity":"1Gi"}},{"name":"e","ephemeral":{"persistentVolumeClaim":{"claimName":"c"}}},{"name":"f","cloudInitNoCloud":{"userData":"u","networkDataSecretRef":{"name":"s"}}},{"name":"g","configMap":{"name":"c","optional":true,"volumeLabel":"l"}},{"name":"h","secret":{"secretName":"s"}},{"name":"i","serviceAccount":{"serviceAccountName":"s"}},{"name":"j","downwardAPI":{"fields":[{"path":"p","fieldRef":{"fieldPath":"metadata.name"}}]}},{"name":"k","dataVolume":{"name":"d"}}]}""")]
    public void A_field_that_is_acted_on_is_not_named(string spec) => Assert.Empty(UnsupportedFields.Of(Read(spec)));

    private static VirtualMachineInstanceSpec Read(string spec) =>
        JsonSerializer.Deserialize($$"""{"metadata":{"name":"a"},"spec":{{spec}}}""", ApiJson.Default.VirtualMachineInstance)!.Spec;
}
