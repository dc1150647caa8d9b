namespace Migration.Api;

/// <summary>What a spec's disks mean where it says nothing.</summary>
internal static class VolumeDefaults
{
    /// <summary>Every volume has its disk, and every disk its bus.</summary>
    public static Devices Complete(Devices devices, IReadOnlyList<InstanceVolume> volumes)
    {
        var named = (devices.Disks ?? []).Select(disk => disk.Name).ToHashSet();
        IReadOnlyList<Disk> disks = [.. devices.Disks ?? [], .. volumes.Where(volume => volume.Name.Length > 0 && !named.Contains(volume.Name)).Select(volume => new Disk { Name = volume.Name })];
        return disks.Count == 0 ? devices : devices with { Disks = [.. disks.Select(Complete)] };
    }

    // SATA is what every guest has a driver for.
    private static Disk Complete(Disk disk) => disk switch
    {
        { Cdrom: { } cdrom } => disk with { Cdrom = cdrom with { Bus = OrSata(cdrom.Bus), ReadOnly = cdrom.ReadOnly ?? true, Tray = string.IsNullOrEmpty(cdrom.Tray) ? "closed" : cdrom.Tray } },
        { Target: { } target } => disk with { Target = target with { Bus = OrSata(target.Bus) } },
        { HasDevice: false } => disk with { Target = new DiskTarget { Bus = DiskBus.Sata } },
        _ => disk,
    };

    private static string OrSata(string? bus) => string.IsNullOrEmpty(bus) ? DiskBus.Sata : bus;
}
