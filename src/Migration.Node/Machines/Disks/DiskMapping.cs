using Google.Protobuf;
using Migration.Qemu;
using Wire = Migration.Protos;

namespace Migration.Node.Machines.Disks;

/// <summary>Between the contract's disks and the node's own; what is malformed stops here.</summary>
internal static class DiskMapping
{
    public static IReadOnlyList<DiskPlan> ToDisks(Wire.MachinePlan plan)
    {
        var disks = plan.Disks.Select(ToDisk).ToList();
        if (disks.GroupBy(disk => disk.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Malformed($"plan.disks: two are named {twice.Key}");
        // What the guest wrote to a disk that only its pod has would be gone.
        if (plan.Incoming && disks.Find(disk => !CanMove(disk)) is { } bound)
            throw Malformed($"disk {bound.Name}: it is on the node that the guest comes from, and cannot come along");
        return disks;
    }

    public static Wire.Disk ToWire(DiskPlan disk)
    {
        var wire = new Wire.Disk
        {
            Name = disk.Name,
            Bus = (Wire.DiskBus)(disk.Bus + 1),
            Device = disk.IsCdrom ? Wire.DiskDevice.Cdrom : Wire.DiskDevice.Disk,
            ReadOnly = disk.ReadOnly,
            BootOrder = (uint)disk.BootOrder,
            Serial = disk.Serial,
            Cache = disk.Cache,
            Io = disk.Io,
            LogicalBlockSize = (uint)disk.LogicalBlockSize,
            PhysicalBlockSize = (uint)disk.PhysicalBlockSize,
            Shareable = disk.Shareable,
            ErrorPolicy = disk.ErrorPolicy,
            File = disk.File is { } file ? new() { Volume = file.Volume, Path = file.Path, Capacity = (ulong)file.Capacity, Shared = file.Shared } : null,
        };
        if (disk.DiscardGranularity is { } unit)
            wire.DiscardGranularity = (uint)unit;
        if (disk.Block is { } block)
            wire.Block = new() { Volume = block.Volume, Shared = block.Shared };
        if (disk.Overlay is { } overlay)
            wire.Overlay = new() { Volume = overlay.Volume, Path = overlay.Path };
        if (disk.Blank is { } blank)
            wire.Blank = new() { Capacity = (ulong)blank.Capacity };
        if (disk.Generated is { } generated)
            wire.Generated = ToWire(generated);
        return wire;
    }

    private static bool CanMove(DiskPlan disk) => disk switch
    {
        { File: { } file } => file.Shared || disk.ReadOnly,
        { Block: { } block } => block.Shared || disk.ReadOnly,
        { Generated: not null } => true,
        _ => disk.ReadOnly || disk.IsCdrom,
    };

    private static DiskPlan ToDisk(Wire.Disk wire)
    {
        if (wire.Name.Length == 0)
            throw Malformed("disk.name is missing");
        if (wire.Bus is < Wire.DiskBus.Virtio or > Wire.DiskBus.Usb)
            throw Malformed($"disk {wire.Name}: bus {(int)wire.Bus}");
        return new DiskPlan
        {
            Name = wire.Name,
            Bus = (DiskBus)(wire.Bus - 1),
            IsCdrom = wire.Device is Wire.DiskDevice.Cdrom,
            ReadOnly = wire.ReadOnly,
            BootOrder = Number(wire, wire.BootOrder),
            Serial = wire.Serial,
            Cache = OneOf(wire, "cache", wire.Cache, "none", "writethrough", "writeback"),
            Io = OneOf(wire, "io", wire.Io, "threads", "native"),
            LogicalBlockSize = Number(wire, wire.LogicalBlockSize),
            PhysicalBlockSize = Number(wire, wire.PhysicalBlockSize),
            DiscardGranularity = wire.HasDiscardGranularity ? Number(wire, wire.DiscardGranularity) : null,
            Shareable = wire.Shareable,
            ErrorPolicy = OneOf(wire, "error_policy", wire.ErrorPolicy, "stop", "ignore", "report", "enospace"),
            File = wire.File is { } file ? new(Volume(wire, file.Volume), file.Path, Size(wire, file.Capacity), file.Shared) : null,
            Block = wire.Block is { } block ? new(Volume(wire, block.Volume), block.Shared) : null,
            Overlay = wire.Overlay is { } overlay ? new(Volume(wire, overlay.Volume), overlay.Path) : null,
            Blank = wire.Blank is { } blank ? new(Size(wire, blank.Capacity)) : null,
            Generated = wire.Generated is { } generated ? ToGenerated(wire, generated) : null,
        };
    }

    private static GeneratedSource ToGenerated(Wire.Disk disk, Wire.GeneratedDisk wire) => new(
        wire.Label,
        [.. wire.Files.Select(file => new GeneratedFile(file.Path, file.Content.ToByteArray(), file.Candidates.Count > 0 ? Volume(disk, file.Volume) : "", [.. file.Candidates]))],
        wire.Volume.Length > 0 ? Volume(disk, wire.Volume) : "",
        wire.Digest);

    private static Wire.GeneratedDisk ToWire(GeneratedSource generated)
    {
        var wire = new Wire.GeneratedDisk { Label = generated.Label, Volume = generated.Volume, Digest = generated.Digest };
        foreach (var file in generated.Files)
        {
            var one = new Wire.GeneratedFile { Path = file.Path, Content = ByteString.CopyFrom(file.Content), Volume = file.Volume };
            one.Candidates.AddRange(file.Candidates);
            wire.Files.Add(one);
        }

        return wire;
    }

    private static string Volume(Wire.Disk disk, string volume) =>
        volume.Length > 0 && volume.All(c => char.IsAsciiLetterOrDigit(c) || c is '-')
            ? volume
            : throw Malformed($"disk {disk.Name}: '{volume}' is not the name of a volume");

    private static long Size(Wire.Disk disk, ulong size) => size <= long.MaxValue ? (long)size : throw Malformed($"disk {disk.Name}: {size} bytes");

    private static int Number(Wire.Disk disk, uint number) => number <= int.MaxValue ? (int)number : throw Malformed($"disk {disk.Name}: {number} is too much");

    private static string OneOf(Wire.Disk disk, string field, string value, params ReadOnlySpan<string> known) =>
        value.Length == 0 || known.Contains(value) ? value : throw Malformed($"disk {disk.Name}: {field} '{value}'");

    private static RefusedException Malformed(string message) => new(Refusal.Malformed, message);
}
