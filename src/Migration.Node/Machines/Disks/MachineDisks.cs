using Google.Protobuf;
using Migration.Protos.Launcher;
using Migration.Qemu;

namespace Migration.Node.Machines.Disks;

/// <summary>
/// From planned disks to what QEMU opens and what the launcher makes ready for it: images that come with volumes where they are, the pod's
/// own in its emptyDir for disks.
/// </summary>
internal static class MachineDisks
{
    private const string Own = "/run/migration-disks";

    // Where Debian's ovmf, QEMU's own build, and Fedora's edk2-ovmf put them; code and variables in the same order.
    private static readonly string[] Code = ["/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/qemu/edk2-x86_64-code.fd", "/usr/share/edk2/ovmf/OVMF_CODE.fd"];
    private static readonly string[] Variables = ["/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/OVMF/OVMF_VARS.fd", "/usr/share/qemu/edk2-i386-vars.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"];
    private static readonly string[] SecureCode = ["/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_CODE.secboot.fd", "/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd"];
    private static readonly string[] SecureVariables = ["/usr/share/OVMF/OVMF_VARS_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS.ms.fd", "/usr/share/edk2/ovmf/OVMF_VARS.secboot.fd"];

    public static IReadOnlyList<Disk> Of(MachinePlan plan)
    {
        // Where nobody says what to boot, whatever comes first.
        var ordered = plan.Disks.Any(disk => disk.BootOrder > 0);
        return [.. plan.Disks.Select((disk, index) => DiskOf(disk, ordered ? disk.BootOrder > 0 ? disk.BootOrder : null : index + 1))];
    }

    public static Firmware? FirmwareOf(MachinePlan plan) => plan.Firmware is FirmwareKind.Uefi or FirmwareKind.UefiSecureBoot
        ? new Firmware($"{Own}/firmware-code.fd", $"{Own}/firmware-variables.fd", plan.Firmware is FirmwareKind.UefiSecureBoot)
        : null;

    /// <summary>What is to be there when QEMU starts. A machine that arrives finds shared files; it never makes them.</summary>
    public static IEnumerable<DiskFile> FilesOf(MachinePlan plan) =>
        [.. FirmwareFiles(plan.Firmware), .. plan.Disks.Select(disk => FileOf(disk, plan.Incoming))];

    /// <summary>What the launcher says of the images that it made, by disk.</summary>
    public static IReadOnlyDictionary<string, string> DigestsOf(MachinePlan plan, IReadOnlyDictionary<string, string> byPath) =>
        plan.Disks.Where(disk => byPath.ContainsKey(PathOf(disk))).ToDictionary(disk => disk.Name, disk => byPath[PathOf(disk)]);

    private static Disk DiskOf(DiskPlan disk, int? bootIndex) => new()
    {
        Id = disk.Name,
        Bus = disk.Bus,
        Path = PathOf(disk),
        Format = disk.Overlay is not null ? DiskFormat.Qcow2 : disk.Block is not null ? DiskFormat.BlockDevice : DiskFormat.Raw,
        IsCdrom = disk.IsCdrom,
        // An emulated SATA disk cannot be read-only; what is written to its own image nobody else sees.
        ReadOnly = disk.ReadOnly || (disk.Generated is not null && disk.Bus is not DiskBus.Sata),
        BootIndex = bootIndex,
        Serial = disk.Serial,
        Cache = CacheOf(disk),
        NativeIo = disk.Io == "native",
        LogicalBlockSize = disk.LogicalBlockSize,
        PhysicalBlockSize = disk.PhysicalBlockSize,
        DiscardGranularity = disk.DiscardGranularity,
        Shareable = disk.Shareable,
        ErrorPolicy = disk.ErrorPolicy,
    };

    // What another node may open must not be in this one's cache.
    private static DiskCache CacheOf(DiskPlan disk) => disk.Cache switch
    {
        "none" => DiskCache.None,
        "writethrough" => DiskCache.WriteThrough,
        "writeback" => DiskCache.WriteBack,
        _ => disk.File is not null || disk.Block is not null || disk.Io == "native" ? DiskCache.None : DiskCache.WriteBack,
    };

    private static string PathOf(DiskPlan disk) => disk switch
    {
        { File: { } file } => PodFolder.VolumeFile(file.Volume, file.Path),
        { Block: { } block } => PodFolder.Volume(block.Volume),
        { Overlay: not null } => $"{Own}/{disk.Name}.qcow2",
        { Blank: not null } => $"{Own}/{disk.Name}.img",
        { Generated: not null } => $"{Own}/{disk.Name}.iso",
        _ => throw new RefusedException(Refusal.Malformed, $"disk {disk.Name} has no source"),
    };

    private static DiskFile FileOf(DiskPlan disk, bool incoming)
    {
        var file = new DiskFile { Path = PathOf(disk) };
        if (disk.Overlay is { } overlay)
            file.Overlay = new() { Base = PodFolder.VolumeFile(overlay.Volume, overlay.Path) };
        else if (disk.Blank is { } blank)
            file.Blank = new() { Size = (ulong)blank.Capacity };
        else if (disk.Generated is { } generated)
            file.Iso = IsoOf(generated);
        else if (disk.File is { Capacity: > 0 } raw && !incoming)
            file.Blank = new() { Size = (ulong)raw.Capacity };
        else
            file.Present = new();
        return file;
    }

    private static DiskFile.Types.Iso IsoOf(GeneratedSource generated)
    {
        var iso = new DiskFile.Types.Iso { Label = generated.Label, Folder = generated.Volume.Length > 0 ? PodFolder.Volume(generated.Volume) : "", Digest = generated.Digest };
        foreach (var file in generated.Files)
        {
            var one = new DiskFile.Types.IsoFile { Path = file.Path, Content = ByteString.CopyFrom(file.Content) };
            one.Candidates.AddRange(file.Candidates.Select(candidate => PodFolder.VolumeFile(file.Volume, candidate)));
            iso.Files.Add(one);
        }

        return iso;
    }

    private static IEnumerable<DiskFile> FirmwareFiles(FirmwareKind firmware)
    {
        if (firmware is not (FirmwareKind.Uefi or FirmwareKind.UefiSecureBoot))
            yield break;
        var secure = firmware is FirmwareKind.UefiSecureBoot;
        yield return Copy("firmware-code.fd", secure ? SecureCode : Code, secure ? "UEFI firmware with secure boot (package ovmf)" : "UEFI firmware (package ovmf)");
        yield return Copy("firmware-variables.fd", secure ? SecureVariables : Variables, "store of UEFI variables (package ovmf)");
    }

    private static DiskFile Copy(string name, string[] candidates, string what)
    {
        var file = new DiskFile { Path = $"{Own}/{name}", Copy = new() { What = what } };
        file.Copy.Candidates.AddRange(candidates);
        return file;
    }
}
