using System.Globalization;
using System.Text.RegularExpressions;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What is wrong with a completed spec's disks and volumes, one message each, with the path of the field.</summary>
internal static partial class VolumeValidation
{
    private const int MostDisks = 128;
    private const int LongestSerial = 256;
    private const int LongestInline = 2048;
    private const int LongestLabel = 32;
    private const int SmallestSector = 512;
    private const int LargestSector = 2 << 20;

    private static readonly string[] Reserved = ["sockets", "kernel-boot", "ephemeral-disks"];
    private static readonly Dictionary<string, int> MostOnBus = new() { [DiskBus.Virtio] = 64, [DiskBus.Scsi] = 128, [DiskBus.Sata] = 18, [DiskBus.Usb] = 15 };

    public static IReadOnlyList<string> Errors(VirtualMachineInstanceSpec spec)
    {
        var (disks, volumes) = (spec.Domain.Devices.Disks ?? [], spec.Volumes ?? []);
        return
        [
            .. disks.SelectMany((disk, i) => DiskErrors(disk, disks.Take(i), volumes, $"spec.domain.devices.disks[{i}]")),
            .. CountErrors(disks),
            .. volumes.SelectMany((volume, i) => VolumeErrors(volume, volumes.Take(i), $"spec.volumes[{i}]")),
            .. TogetherErrors(volumes),
        ];
    }

    private static IEnumerable<string> CountErrors(IReadOnlyList<Disk> disks)
    {
        if (disks.Count > MostDisks)
            yield return $"spec.domain.devices.disks: {disks.Count} of them; {MostDisks} is the limit";
        foreach (var (bus, most) in MostOnBus)
        {
            if (disks.Count(disk => disk.Bus == bus) is var count && count > most)
                yield return $"spec.domain.devices.disks: {count} on bus {bus}; {most} is the limit";
        }
    }

    private static IEnumerable<string> DiskErrors(Disk disk, IEnumerable<Disk> before, IReadOnlyList<InstanceVolume> volumes, string path) =>
    [
        .. NameErrors(disk.Name, before.Select(other => other.Name), path),
        .. volumes.Any(volume => volume.Name == disk.Name) ? (string[])[] : [$"{path}.name: there is no volume '{disk.Name}' in spec.volumes"],
        .. DeviceErrors(disk, path),
        .. ReadOnlyErrors(disk, volumes.FirstOrDefault(volume => volume.Name == disk.Name), path),
        .. BootOrderErrors(disk, before, path),
        .. ChoiceErrors(disk, path),
        .. SerialErrors(disk.Serial, path + ".serial"),
        .. BlockSizeErrors(disk.BlockSize?.Custom, path + ".blockSize.custom"),
    ];

    private static IEnumerable<string> NameErrors(string name, IEnumerable<string> before, string path)
    {
        if (!Label().IsMatch(name))
            yield return $"{path}.name: '{name}' is not a DNS label";
        else if (before.Contains(name))
            yield return $"{path}.name: '{name}' is used twice";
        else if (Reserved.Contains(name))
            yield return $"{path}.name: the launcher pod has a volume '{name}' of its own";
    }

    private static IEnumerable<string> DeviceErrors(Disk disk, string path)
    {
        if (disk.Target is not null && disk.Cdrom is not null)
            yield return $"{path}: only one of disk and cdrom can be given";
        if (disk.Target is { Bus: var bus } && bus is not (DiskBus.Virtio or DiskBus.Scsi or DiskBus.Sata or DiskBus.Usb))
            yield return $"{path}.disk.bus: '{bus}' is none of virtio, scsi, sata, usb";
        if (disk.Cdrom is { Bus: var drive } && drive is not (DiskBus.Scsi or DiskBus.Sata or DiskBus.Usb))
            yield return $"{path}.cdrom.bus: '{drive}' is none of scsi, sata, usb";
        if (disk.Cdrom is { Tray: not ("open" or "closed") and var tray })
            yield return $"{path}.cdrom.tray: '{tray}' is none of open, closed";
        if (disk.Cdrom is { ReadOnly: false })
            yield return $"{path}.cdrom.readonly: a CD-ROM cannot be written";
    }

    // No emulated SATA disk can be.
    private static IEnumerable<string> ReadOnlyErrors(Disk disk, InstanceVolume? volume, string path)
    {
        if (disk.Target is { Bus: DiskBus.Sata } && (disk.Target.ReadOnly == true || volume?.PersistentVolumeClaim?.ReadOnly == true))
            yield return $"{path}.disk.bus: a disk with bus sata cannot be read-only";
    }

    private static IEnumerable<string> BootOrderErrors(Disk disk, IEnumerable<Disk> before, string path)
    {
        if (disk.BootOrder is < 1)
            yield return $"{path}.bootOrder: {disk.BootOrder} is less than 1";
        else if (disk.BootOrder is { } order && before.Any(other => other.BootOrder == order))
            yield return $"{path}.bootOrder: {order} is used twice";
    }

    private static IEnumerable<string> ChoiceErrors(Disk disk, string path)
    {
        if (disk.Cache is not (null or "" or "none" or "writethrough" or "writeback"))
            yield return $"{path}.cache: '{disk.Cache}' is none of none, writethrough, writeback";
        if (disk.Io is not (null or "" or "threads" or "native"))
            yield return $"{path}.io: '{disk.Io}' is none of threads, native";
        if (disk is { Io: "native", Cache: "writethrough" or "writeback" })
            yield return $"{path}.io: native goes with cache none only";
        if (disk.ErrorPolicy is not (null or "" or "stop" or "ignore" or "report" or "enospace"))
            yield return $"{path}.errorPolicy: '{disk.ErrorPolicy}' is none of stop, ignore, report, enospace";
        if (disk is { Shareable: true, Cache: "writethrough" or "writeback" })
            yield return $"{path}.cache: a shareable disk cannot be cached on the node";
    }

    private static IEnumerable<string> SerialErrors(string? serial, string path)
    {
        if (serial is { Length: > LongestSerial })
            yield return $"{path}: {serial.Length} characters; {LongestSerial} is the limit";
        else if (serial is { Length: > 0 } && !Serial().IsMatch(serial))
            yield return $"{path}: '{serial}' may hold letters, digits and _.+- only";
    }

    private static IEnumerable<string> BlockSizeErrors(CustomBlockSize? size, string path)
    {
        if (size is null)
            yield break;
        foreach (var (name, value) in new[] { ("logical", size.Logical), ("physical", size.Physical) })
        {
            if (value is not (>= SmallestSector and <= LargestSector) || (value & (value - 1)) != 0)
                yield return $"{path}.{name}: {value?.ToString(CultureInfo.InvariantCulture) ?? "nothing"} is not a power of two between {SmallestSector} and {LargestSector}";
        }
        if (size.Logical > size.Physical)
            yield return $"{path}.logical: {size.Logical} is more than physical {size.Physical}";
        if (size.DiscardGranularity is { } unit && (unit < 0 || (size.Logical is > 0 and var sector && unit % sector != 0)))
            yield return $"{path}.discardGranularity: {unit} is not a multiple of logical {size.Logical}";
    }

    private static IEnumerable<string> VolumeErrors(InstanceVolume volume, IEnumerable<InstanceVolume> before, string path) =>
    [
        .. NameErrors(volume.Name, before.Select(other => other.Name), path),
        .. SourceErrors(volume, path),
        .. ClaimErrors(volume, path),
        .. HostDiskErrors(volume.HostDisk, path + ".hostDisk"),
        .. CapacityErrors(volume.EmptyDisk is null, volume.EmptyDisk?.Capacity, path + ".emptyDisk.capacity"),
        .. CloudInitErrors(volume.CloudInitNoCloud, path + ".cloudInitNoCloud"),
        .. CloudInitErrors(volume.CloudInitConfigDrive, path + ".cloudInitConfigDrive"),
        .. FilesErrors(volume, path),
    ];

    private static IEnumerable<string> SourceErrors(InstanceVolume volume, string path)
    {
        var sources = volume.Sources.Select(source => source.Name).Concat(volume.Unknown?.Keys.Order() ?? Enumerable.Empty<string>()).ToList();
        if (sources.Count == 0)
            yield return $"{path}: a source is required";
        else if (sources.Count > 1)
            yield return $"{path}: only one source can be given, not {string.Join(" and ", sources)}";
        if (volume.ContainerDisk is { } disk)
        {
            if (disk.Image.Length == 0)
                yield return $"{path}.containerDisk.image: required";
            if (disk.Path is { Length: > 0 } file && (!file.StartsWith('/') || IsCrooked(file)))
                yield return $"{path}.containerDisk.path: '{file}' is not an absolute path inside the image";
        }
    }

    private static IEnumerable<string> ClaimErrors(InstanceVolume volume, string path)
    {
        if (volume.PersistentVolumeClaim is { ClaimName: "" })
            yield return $"{path}.persistentVolumeClaim.claimName: required";
        if (volume.DataVolume is { Name: "" })
            yield return $"{path}.dataVolume.name: required";
        if (volume.Ephemeral is { } ephemeral && string.IsNullOrEmpty(ephemeral.PersistentVolumeClaim?.ClaimName))
            yield return $"{path}.ephemeral.persistentVolumeClaim.claimName: required";
    }

    private static IEnumerable<string> HostDiskErrors(HostDiskSource? disk, string path)
    {
        if (disk is null)
            yield break;
        if (!disk.Path.StartsWith('/') || disk.Path.EndsWith('/') || IsCrooked(disk.Path))
            yield return $"{path}.path: '{disk.Path}' is not the absolute path of a file";
        if (disk.Type is not (HostDiskSource.Disk or HostDiskSource.DiskOrCreate))
            yield return $"{path}.type: '{disk.Type}' is none of Disk, DiskOrCreate";
        if (disk is { Type: HostDiskSource.Disk, Capacity: not null })
            yield return $"{path}.capacity: goes with type DiskOrCreate only";
        foreach (var error in CapacityErrors(disk.Type != HostDiskSource.DiskOrCreate, disk.Capacity, path + ".capacity"))
            yield return error;
    }

    private static IEnumerable<string> CapacityErrors(bool absent, Quantity? capacity, string path)
    {
        if (absent)
            yield break;
        if (capacity is not { } size)
            yield return $"{path}: required";
        else if (size.Amount < SmallestSector)
            yield return $"{path}: {size} is less than {SmallestSector} bytes";
    }

    private static IEnumerable<string> CloudInitErrors(CloudInitSource? source, string path)
    {
        if (source is null)
            yield break;
        var user = Given(("userData", source.UserData), ("userDataBase64", source.UserDataBase64), ("secretRef", source.SecretRef?.Name));
        var network = Given(("networkData", source.NetworkData), ("networkDataBase64", source.NetworkDataBase64), ("networkDataSecretRef", source.NetworkDataSecretRef?.Name));
        if (user.Count + network.Count == 0)
            yield return $"{path}: one of userData, userDataBase64, secretRef, networkData, networkDataBase64, networkDataSecretRef is required";
        foreach (var several in new[] { user, network }.Where(given => given.Count > 1))
            yield return $"{path}: only one of {string.Join(", ", several)} can be given";
        foreach (var error in InlineErrors(source.UserData, source.UserDataBase64, path, "userData", "secretRef").Concat(InlineErrors(source.NetworkData, source.NetworkDataBase64, path, "networkData", "networkDataSecretRef")))
            yield return error;
    }

    private static List<string> Given(params (string Name, string? Value)[] fields) => [.. fields.Where(field => !string.IsNullOrEmpty(field.Value)).Select(field => field.Name)];

    private static IEnumerable<string> InlineErrors(string? text, string? base64, string path, string name, string secret)
    {
        var decoded = new byte[(base64?.Length ?? 0) + 3];
        var length = 0;
        if (!string.IsNullOrEmpty(base64) && !Convert.TryFromBase64String(base64, decoded, out length))
            yield return $"{path}.{name}Base64: is not base64";
        if (Math.Max(System.Text.Encoding.UTF8.GetByteCount(text ?? ""), length) is > LongestInline and var size)
            yield return $"{path}.{name}: {size} bytes; {LongestInline} is the limit, larger ones go into {secret}";
    }

    private static IEnumerable<string> FilesErrors(InstanceVolume volume, string path)
    {
        if (volume.ConfigMap is { Name: "" })
            yield return $"{path}.configMap.name: required";
        if (volume.Secret is { SecretName: "" })
            yield return $"{path}.secret.secretName: required";
        if (volume.ServiceAccount is { ServiceAccountName: "" })
            yield return $"{path}.serviceAccount.serviceAccountName: required";
        foreach (var (name, label) in new[] { ("configMap", volume.ConfigMap?.VolumeLabel), ("secret", volume.Secret?.VolumeLabel), ("downwardAPI", volume.DownwardAPI?.VolumeLabel) })
        {
            if (label is { Length: > LongestLabel } || label?.All(char.IsAscii) == false)
                yield return $"{path}.{name}.volumeLabel: '{label}' is not a label of at most {LongestLabel} ASCII characters";
        }
    }

    // Things that a guest can have once.
    private static IEnumerable<string> TogetherErrors(IReadOnlyList<InstanceVolume> volumes)
    {
        if (volumes.Count(volume => volume.CloudInit is not null) > 1)
            yield return "spec.volumes: only one cloudInitNoCloud or cloudInitConfigDrive can be given";
        if (volumes.Count(volume => volume.ServiceAccount is not null) > 1)
            yield return "spec.volumes: only one serviceAccount can be given";
    }

    private static bool IsCrooked(string path) => path.Split('/').Any(part => part is ".." or ".");

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"^[A-Za-z0-9_.+-]+\z")]
    private static partial Regex Serial();
}
