using System.Text.Json.Nodes;
using Google.Protobuf;
using Migration.Api;
using Migration.Protos;

namespace Migration.Controllers.Disks;

/// <summary>What a node is told of an instance's disks.</summary>
public static class DiskPlans
{
    private const string ClaimImage = "disk.img";
    private const string ContainerFolder = "/disk";

    /// <summary>In the spec's order, on every node.</summary>
    public static IEnumerable<Protos.Disk> Of(VirtualMachineInstance instance, VirtualMachineInstanceSpec spec, InstanceClaims claims) =>
        from disk in spec.Domain.Devices.Disks ?? []
        join volume in spec.Volumes ?? [] on disk.Name equals volume.Name
        select Of(disk, volume, instance, claims);

    public static Protos.Firmware FirmwareOf(Domain domain) => domain.Firmware?.Bootloader switch
    {
        { Efi: { IsSecure: true } } => Protos.Firmware.UefiSecureBoot,
        { Efi: not null } => Protos.Firmware.Uefi,
        { Bios: not null } => Protos.Firmware.Bios,
        _ => Protos.Firmware.Unspecified,
    };

    /// <summary>The image that the guest has is the one that it finds where it arrives, or it does not go.</summary>
    public static void Pin(Protos.Disk disk, Machine source)
    {
        if (disk.Generated is { } generated && source.Disks.FirstOrDefault(status => status.Name == disk.Name) is { Digest.Length: > 0 } status)
            generated.Digest = status.Digest;
    }

    private static Protos.Disk Of(Api.Disk disk, InstanceVolume volume, VirtualMachineInstance instance, InstanceClaims claims)
    {
        var size = disk.BlockSize?.Custom;
        var plan = new Protos.Disk
        {
            Name = disk.Name,
            Bus = disk.Bus switch { Api.DiskBus.Virtio => Protos.DiskBus.Virtio, Api.DiskBus.Scsi => Protos.DiskBus.Scsi, Api.DiskBus.Usb => Protos.DiskBus.Usb, _ => Protos.DiskBus.Sata },
            Device = disk.Cdrom is null ? DiskDevice.Disk : DiskDevice.Cdrom,
            ReadOnly = disk.Target?.ReadOnly == true || volume.PersistentVolumeClaim?.ReadOnly == true,
            BootOrder = (uint)(disk.BootOrder ?? 0),
            Serial = disk.Serial ?? "",
            Cache = disk.Cache ?? "",
            Io = disk.Io ?? "",
            LogicalBlockSize = (uint)(size?.Logical ?? 0),
            PhysicalBlockSize = (uint)(size?.Physical ?? 0),
            Shareable = disk.Shareable == true,
            ErrorPolicy = disk.ErrorPolicy ?? "",
        };
        if (size?.DiscardGranularity is { } unit)
            plan.DiscardGranularity = (uint)unit;
        SetSource(plan, volume, instance, claims);
        return plan;
    }

    private static void SetSource(Protos.Disk plan, InstanceVolume volume, VirtualMachineInstance instance, InstanceClaims claims)
    {
        switch (volume)
        {
            case { ContainerDisk: { } disk }:
                plan.Overlay = new() { Volume = volume.Name, Path = string.IsNullOrEmpty(disk.Path) ? ContainerFolder : disk.Path };
                break;
            case { Ephemeral: not null }:
                plan.Overlay = new() { Volume = volume.Name, Path = ClaimImage };
                break;
            case { ClaimName: not null } when claims.IsBlock(volume):
                plan.Block = new() { Volume = volume.Name, Shared = claims.IsShared(volume) };
                break;
            case { ClaimName: not null }:
                plan.File = new() { Volume = volume.Name, Path = ClaimImage, Capacity = plan.ReadOnly ? 0 : Bytes(Storage(claims.Find(volume))), Shared = claims.IsShared(volume) };
                break;
            case { HostDisk: { } disk }:
                plan.File = new() { Volume = volume.Name, Path = Path.GetFileName(disk.Path), Capacity = Bytes(disk.Type == HostDiskSource.DiskOrCreate ? disk.Capacity : null), Shared = disk.Shared == true };
                break;
            case { EmptyDisk: { } disk }:
                plan.Blank = new() { Capacity = Bytes(disk.Capacity) };
                break;
            default:
                plan.Generated = Generated(volume, instance);
                break;
        }
    }

    private static Kubernetes.Quantity? Storage(ClaimObservation? claim) =>
        claim?.Capacity?.TryGetValue("storage", out var capacity) == true ? capacity
        : claim?.Requests?.TryGetValue("storage", out var requested) == true ? requested
        : null;

    private const int Sector = 512;

    private static ulong Bytes(Kubernetes.Quantity? size) => (ulong)((size?.Ceiling ?? 0) / Sector * Sector);

    private static GeneratedDisk Generated(InstanceVolume volume, VirtualMachineInstance instance) => volume switch
    {
        { CloudInitNoCloud: { } data } => CloudInit("cidata", volume.Name, data, "user-data", "network-config", ("meta-data", NoCloudMetadata(instance))),
        { CloudInitConfigDrive: { } data } => CloudInit(
            "config-2", volume.Name, data, "openstack/latest/user_data", "openstack/latest/network_data.json", ("openstack/latest/meta_data.json", ConfigDriveMetadata(instance))),
        _ => new GeneratedDisk { Label = Label(volume), Volume = volume.Name },
    };

    private static string Label(InstanceVolume volume) =>
        new[] { volume.ConfigMap?.VolumeLabel, volume.Secret?.VolumeLabel, volume.DownwardAPI?.VolumeLabel }.FirstOrDefault(label => !string.IsNullOrEmpty(label)) ?? "cfgdata";

    private static GeneratedDisk CloudInit(string label, string volume, CloudInitSource data, string user, string network, (string Path, string Text) metadata)
    {
        var disk = new GeneratedDisk { Label = label, Files = { new GeneratedFile { Path = metadata.Path, Content = ByteString.CopyFromUtf8(metadata.Text) } } };
        disk.Files.Add(FileOf(user, data.UserData, data.UserDataBase64, data.SecretRef?.Name, PodDisks.UserDataVolume(volume), "userdata", "userData"));
        if (!string.IsNullOrEmpty(data.NetworkData) || !string.IsNullOrEmpty(data.NetworkDataBase64) || !string.IsNullOrEmpty(data.NetworkDataSecretRef?.Name))
            disk.Files.Add(FileOf(network, data.NetworkData, data.NetworkDataBase64, data.NetworkDataSecretRef?.Name, PodDisks.NetworkDataVolume(volume), "networkdata", "networkData"));
        return disk;
    }

    private static GeneratedFile FileOf(string path, string? text, string? base64, string? secret, string volume, params IEnumerable<string> keys)
    {
        if (!string.IsNullOrEmpty(secret))
            return new GeneratedFile { Path = path, Volume = volume, Candidates = { keys } };
        return new GeneratedFile { Path = path, Content = string.IsNullOrEmpty(base64) ? ByteString.CopyFromUtf8(text ?? "") : ByteString.FromBase64(base64) };
    }

    // The same for as long as the instance lives: cloud-init does again what it does once per instance when this changes.
    private static string InstanceId(VirtualMachineInstance instance) => $"{instance.Metadata.Name}.{instance.Metadata.Namespace}";

    private static string HostName(VirtualMachineInstance instance) => instance.Spec.Hostname is { Length: > 0 } given ? given : (instance.Metadata.Name ?? "").Split('.')[0];

    private static string NoCloudMetadata(VirtualMachineInstance instance) =>
        new JsonObject { ["instance-id"] = InstanceId(instance), ["local-hostname"] = HostName(instance) }.ToJsonString();

    private static string ConfigDriveMetadata(VirtualMachineInstance instance) => new JsonObject
    {
        ["instance_id"] = InstanceId(instance),
        ["hostname"] = HostName(instance),
        ["local_hostname"] = HostName(instance),
        ["uuid"] = InstanceId(instance),
    }.ToJsonString();
}
