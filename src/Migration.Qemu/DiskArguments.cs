using System.Text.Json.Nodes;

namespace Migration.Qemu;

/// <summary>
/// The arguments of a machine's disks. Places are fixed: virtio disks are functions of the root bus's devices 9 and up, in their order; SCSI
/// disks the units of one controller (device 7); USB disks the ports of one controller (device 8); SATA disks the ports of the board's own
/// controller, then of two more (devices 3 and 4).
/// </summary>
internal static class DiskArguments
{
    public const int MostVirtio = 64, MostScsi = 128, MostSata = 18, MostUsb = 15;

    private const int SataPorts = 6, Functions = 8, FirstVirtioDevice = 9;

    public static IEnumerable<string> Of(IReadOnlyList<Disk> disks) =>
    [
        .. Controllers(disks).SelectMany(controller => (string[])["-device", controller]),
        .. disks.SelectMany((disk, index) => Arguments(disk, NodeName(index), disks.Take(index).Count(other => other.Bus == disk.Bus))),
    ];

    public static string DeviceId(string diskId) => $"disk-{diskId}";

    public static void Check(IReadOnlyList<Disk> disks)
    {
        foreach (var (bus, most) in new[] { (DiskBus.Virtio, MostVirtio), (DiskBus.Scsi, MostScsi), (DiskBus.Sata, MostSata), (DiskBus.Usb, MostUsb) })
            QemuCommandLine.Require(disks.Count(disk => disk.Bus == bus) <= most, $"more than {most} disks are on bus {Word(bus)}");
        QemuCommandLine.Require(disks.DistinctBy(disk => disk.Id).Count() == disks.Count, "two disks have one id");
        foreach (var disk in disks)
            Check(disk);
    }

    private static void Check(Disk disk)
    {
        QemuCommandLine.Require(disk.Id.Length > 0 && disk.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'), $"disk id \"{disk.Id}\"");
        QemuCommandLine.Require(disk.Path.StartsWith('/'), $"disk {disk.Id}: \"{disk.Path}\" is not an absolute path");
        QemuCommandLine.Require(!disk.Path.Contains(QemuCommandLine.PlaceholderStart, StringComparison.Ordinal), $"disk {disk.Id}: its path contains {QemuCommandLine.PlaceholderStart}");
        QemuCommandLine.Require(disk.Serial.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '+'), $"disk {disk.Id} has the serial number \"{disk.Serial}\"");
        QemuCommandLine.Require(!disk.IsCdrom || disk.Bus is not DiskBus.Virtio, $"disk {disk.Id}: no CD-ROM drive has bus virtio");
        QemuCommandLine.Require(!disk.NativeIo || disk.Cache is DiskCache.None, $"disk {disk.Id}: native input and output goes without cache only");
        QemuCommandLine.Require(disk.ErrorPolicy is "" or "stop" or "ignore" or "report" or "enospace", $"disk {disk.Id} has the error policy \"{disk.ErrorPolicy}\"");
    }

    // A node's name has at most 31 characters: too few for a disk's.
    private static string NodeName(int index) => $"disk{index}";

    private static IEnumerable<string> Controllers(IReadOnlyList<Disk> disks)
    {
        if (disks.Any(disk => disk.Bus is DiskBus.Scsi))
            yield return "virtio-scsi-pci,id=scsi,bus=pcie.0,addr=0x7";
        if (disks.Any(disk => disk.Bus is DiskBus.Usb))
            yield return $"qemu-xhci,id=usb,p2={MostUsb},p3={MostUsb},bus=pcie.0,addr=0x8";
        for (var more = 1; more * SataPorts < disks.Count(disk => disk.Bus is DiskBus.Sata); more++)
            yield return $"ich9-ahci,id=sata{more},bus=pcie.0,addr=0x{2 + more:x}";
    }

    private static IEnumerable<string> Arguments(Disk disk, string node, int place)
    {
        yield return "-blockdev";
        yield return Node(disk, node).ToJsonString();
        if (disk is { Bus: DiskBus.Usb, IsCdrom: true })
        {
            yield return "-device";
            yield return $"usb-bot,id={DeviceId(disk.Id)}-bridge,bus=usb.0,port={place + 1}";
        }
        yield return "-device";
        yield return string.Join(',', [.. Place(disk, place), .. Properties(disk, node)]);
    }

    private static JsonObject Node(Disk disk, string name)
    {
        var file = new JsonObject
        {
            ["driver"] = disk.Format is DiskFormat.BlockDevice ? "host_device" : "file",
            ["filename"] = disk.Path,
            ["aio"] = disk.NativeIo ? "native" : "threads",
            ["locking"] = disk.Shareable ? "off" : "auto",
            ["discard"] = "unmap",
            ["cache"] = Cache(disk),
        };
        return new()
        {
            ["driver"] = disk.Format is DiskFormat.Qcow2 ? "qcow2" : "raw",
            ["node-name"] = name,
            ["read-only"] = disk.ReadOnly || disk.IsCdrom,
            ["discard"] = "unmap",
            ["cache"] = Cache(disk),
            ["file"] = file,
        };
    }

    private static JsonObject Cache(Disk disk) => new() { ["direct"] = disk.Cache is DiskCache.None, ["no-flush"] = false };

    private static IEnumerable<string> Place(Disk disk, int place) => disk.Bus switch
    {
        DiskBus.Virtio => ["virtio-blk-pci", "bus=pcie.0", $"addr=0x{FirstVirtioDevice + place / Functions:x}.0x{place % Functions:x}", .. place % Functions == 0 ? (string[])["multifunction=on"] : []],
        DiskBus.Scsi => [disk.IsCdrom ? "scsi-cd" : "scsi-hd", "bus=scsi.0", "channel=0", $"scsi-id={place}", "lun=0"],
        DiskBus.Sata => [disk.IsCdrom ? "ide-cd" : "ide-hd", $"bus={(place < SataPorts ? "ide" : $"sata{place / SataPorts}")}.{place % SataPorts}"],
        _ when disk.IsCdrom => ["scsi-cd", $"bus={DeviceId(disk.Id)}-bridge.0", "lun=0"],
        _ => ["usb-storage", "bus=usb.0", $"port={place + 1}", "removable=off"],
    };

    private static IEnumerable<string> Properties(Disk disk, string node)
    {
        yield return $"id={DeviceId(disk.Id)}";
        yield return $"drive={node}";
        yield return "share-rw=" + (disk.Shareable ? "on" : "off");
        if (!disk.IsCdrom)
            yield return "write-cache=" + (disk.Cache is DiskCache.WriteThrough ? "off" : "on");
        if (disk.Serial.Length > 0)
            yield return $"serial={disk.Serial}";
        if (disk.BootIndex is { } index)
            yield return $"bootindex={index}";
        if (disk.LogicalBlockSize > 0)
            yield return $"logical_block_size={disk.LogicalBlockSize}";
        if (disk.PhysicalBlockSize > 0)
            yield return $"physical_block_size={disk.PhysicalBlockSize}";
        if (disk.DiscardGranularity is { } unit)
            yield return $"discard_granularity={unit}";
        if (disk.ErrorPolicy.Length > 0 && !disk.IsCdrom)
            yield return $"rerror={(disk.ErrorPolicy is "enospace" ? "report" : disk.ErrorPolicy)},werror={(disk.ErrorPolicy is "enospace" ? "enospc" : disk.ErrorPolicy)}";
        else if (!disk.IsCdrom)
            yield return "rerror=stop,werror=stop";
    }

    private static string Word(DiskBus bus) => bus.ToString().ToLowerInvariant();
}
