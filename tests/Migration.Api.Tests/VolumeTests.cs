using System.Text.Json;

namespace Migration.Api.Tests;

/// <summary>Disks and volumes: what is completed, and what is refused with the field's path.</summary>
public sealed class VolumeTests
{
    [Fact]
    public void Every_volume_has_a_disk_and_every_disk_a_bus()
    {
        var spec = Read("""{"name":"b","cdrom":{}},{"name":"c","disk":{"bus":"virtio"}}""", """{"name":"a","emptyDisk":{"capacity":"1Gi"}},{"name":"b","emptyDisk":{"capacity":"1Gi"}},{"name":"c","emptyDisk":{"capacity":"1Gi"}}""");

        var disks = spec.Domain.Devices.Disks!;

        Assert.Equal([("b", "sata"), ("c", "virtio"), ("a", "sata")], disks.Select(disk => (disk.Name, disk.Bus)));
        Assert.Equal((true, "closed"), (disks[0].Cdrom!.ReadOnly, disks[0].Cdrom!.Tray));
        Assert.Empty(InstanceValidation.Errors(spec));
    }

    [Theory]
    [InlineData("""{"name":"other","disk":{}}""", "spec.domain.devices.disks[0].name: there is no volume 'other' in spec.volumes")]
    [InlineData("""{"name":"v","disk":{}},{"name":"v","disk":{}}""", "spec.domain.devices.disks[1].name: 'v' is used twice")]
    [InlineData("""{"name":"v","disk":{},"cdrom":{}}""", "spec.domain.devices.disks[0]: only one of disk and cdrom can be given")]
    [InlineData("""{"name":"v","disk":{"bus":"ide"}}""", "spec.domain.devices.disks[0].disk.bus: 'ide' is none of virtio, scsi, sata, usb")]
    [InlineData("""{"name":"v","cdrom":{"bus":"virtio"}}""", "spec.domain.devices.disks[0].cdrom.bus: 'virtio' is none of scsi, sata, usb")]
    [InlineData("""{"name":"v","cdrom":{"readonly":false}}""", "spec.domain.devices.disks[0].cdrom.readonly: a CD-ROM cannot be written")]
    [InlineData("""{"name":"v","cdrom":{"tray":"ajar"}}""", "spec.domain.devices.disks[0].cdrom.tray: 'ajar' is none of open, closed")]
    [InlineData("""{"name":"v","disk":{"bus":"sata","readonly":true}}""", "spec.domain.devices.disks[0].disk.bus: a disk with bus sata cannot be read-only")]
    [InlineData("""{"name":"v","disk":{},"bootOrder":0}""", "spec.domain.devices.disks[0].bootOrder: 0 is less than 1")]
    [InlineData("""{"name":"v","disk":{},"cache":"all"}""", "spec.domain.devices.disks[0].cache: 'all' is none of none, writethrough, writeback")]
    [InlineData("""{"name":"v","disk":{},"io":"uring"}""", "spec.domain.devices.disks[0].io: 'uring' is none of threads, native")]
    [InlineData("""{"name":"v","disk":{},"io":"native","cache":"writeback"}""", "spec.domain.devices.disks[0].io: native goes with cache none only")]
    [InlineData("""{"name":"v","disk":{},"shareable":true,"cache":"writeback"}""", "spec.domain.devices.disks[0].cache: a shareable disk cannot be cached on the node")]
    [InlineData("""{"name":"v","disk":{},"serial":"a b"}""", "spec.domain.devices.disks[0].serial: 'a b' may hold letters, digits and _.+- only")]
    [InlineData("""{"name":"v","disk":{},"errorPolicy":"panic"}""", "spec.domain.devices.disks[0].errorPolicy: 'panic' is none of stop, ignore, report, enospace")]
    [InlineData("""{"name":"v","disk":{},"blockSize":{"custom":{"logical":1000,"physical":4096}}}""", "spec.domain.devices.disks[0].blockSize.custom.logical: 1000 is not a power of two between 512 and 2097152")]
    [InlineData("""{"name":"v","disk":{},"blockSize":{"custom":{"logical":4096,"physical":512}}}""", "spec.domain.devices.disks[0].blockSize.custom.logical: 4096 is more than physical 512")]
    public void Impossible_disk_is_refused(string disks, string error) =>
        Assert.Contains(error, InstanceValidation.Errors(Read(disks, """{"name":"v","emptyDisk":{"capacity":"1Gi"}}""")));

    [Theory]
    [InlineData("""{"name":"v"}""", "spec.volumes[0]: a source is required")]
    [InlineData("""{"name":"sockets","emptyDisk":{"capacity":"1Gi"}}""", "spec.volumes[0].name: the launcher pod has a volume 'sockets' of its own")]
    [InlineData("""{"name":"V","emptyDisk":{"capacity":"1Gi"}}""", "spec.volumes[0].name: 'V' is not a DNS label")]
    [InlineData("""{"name":"v","emptyDisk":{"capacity":"1Gi"},"containerDisk":{"image":"i"}}""", "spec.volumes[0]: only one source can be given, not containerDisk and emptyDisk")]
    [InlineData("""{"name":"v","emptyDisk":{}}""", "spec.volumes[0].emptyDisk.capacity: required")]
    [InlineData("""{"name":"v","emptyDisk":{"capacity":"100"}}""", "spec.volumes[0].emptyDisk.capacity: 100 is less than 512 bytes")]
    [InlineData("""{"name":"v","containerDisk":{}}""", "spec.volumes[0].containerDisk.image: required")]
    [InlineData("""{"name":"v","containerDisk":{"image":"i","path":"/../x"}}""", "spec.volumes[0].containerDisk.path: '/../x' is not an absolute path inside the image")]
    [InlineData("""{"name":"v","persistentVolumeClaim":{}}""", "spec.volumes[0].persistentVolumeClaim.claimName: required")]
    [InlineData("""{"name":"v","ephemeral":{}}""", "spec.volumes[0].ephemeral.persistentVolumeClaim.claimName: required")]
    [InlineData("""{"name":"v","hostDisk":{"path":"x","type":"Disk"}}""", "spec.volumes[0].hostDisk.path: 'x' is not the absolute path of a file")]
    [InlineData("""{"name":"v","hostDisk":{"path":"/x","type":"File"}}""", "spec.volumes[0].hostDisk.type: 'File' is none of Disk, DiskOrCreate")]
    [InlineData("""{"name":"v","hostDisk":{"path":"/x","type":"DiskOrCreate"}}""", "spec.volumes[0].hostDisk.capacity: required")]
    [InlineData("""{"name":"v","hostDisk":{"path":"/x","type":"Disk","capacity":"1Gi"}}""", "spec.volumes[0].hostDisk.capacity: goes with type DiskOrCreate only")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{}}""", "spec.volumes[0].cloudInitNoCloud: one of userData, userDataBase64, secretRef, networkData, networkDataBase64, networkDataSecretRef is required")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{"userData":"a","secretRef":{"name":"s"}}}""", "spec.volumes[0].cloudInitNoCloud: only one of userData, secretRef can be given")]
    [InlineData("""{"name":"v","cloudInitConfigDrive":{"userDataBase64":"%"}}""", "spec.volumes[0].cloudInitConfigDrive.userDataBase64: is not base64")]
    [InlineData("""{"name":"v","configMap":{}}""", "spec.volumes[0].configMap.name: required")]
    [InlineData("""{"name":"v","secret":{}}""", "spec.volumes[0].secret.secretName: required")]
    [InlineData("""{"name":"v","cloudInitNoCloud":{"userData":"a"}},{"name":"w","cloudInitConfigDrive":{"userData":"a"}}""", "spec.volumes: only one cloudInitNoCloud or cloudInitConfigDrive can be given")]
    public void Impossible_volume_is_refused(string volumes, string error) => Assert.Contains(error, InstanceValidation.Errors(Read("", volumes)));

    [Fact]
    public void Long_user_data_belongs_into_a_secret()
    {
        var errors = InstanceValidation.Errors(Read("", $$$"""{"name":"v","cloudInitNoCloud":{"userData":"{{{new string('x', 2049)}}}"}}"""));

        Assert.Equal(["spec.volumes[0].cloudInitNoCloud.userData: 2049 bytes; 2048 is the limit, larger ones go into secretRef"], errors);
    }

    private static VirtualMachineInstanceSpec Read(string disks, string volumes) => InstanceDefaults.Complete(
        JsonSerializer.Deserialize(
            $$$"""{"metadata":{"name":"a"},"spec":{"domain":{"memory":{"guest":"64Mi"},"devices":{"disks":[{{{disks}}}]}},"volumes":[{{{volumes}}}]}}""", ApiJson.Default.VirtualMachineInstance)!.Spec,
        "uid");
}
