using Migration.Api;
using Migration.Controllers.Networks;

namespace Migration.Controllers.Disks;

/// <summary>What is told of an instance's disks, and what keeps it from being started or moved.</summary>
public static class DiskObservations
{
    /// <summary>A claim that is not there: the pod would wait for it for ever.</summary>
    public static NetworkProblem? Problem(VirtualMachineInstance instance, InstanceClaims claims)
    {
        foreach (var volume in instance.Spec.Volumes ?? [])
        {
            if (volume.ClaimName is { } name && claims.Find(volume) is null)
                return new("FailedPvcNotFound", $"PVC {instance.Metadata.Namespace}/{name} does not exist");
            if (volume.Ephemeral is not null && claims.IsBlock(volume))
                return new("PvcNotFilesystem", $"PVC {instance.Metadata.Namespace}/{volume.ClaimName} is a block device: an ephemeral volume needs one with volumeMode Filesystem");
        }

        return null;
    }

    public static IReadOnlyList<VolumeObservation>? Of(VirtualMachineInstanceSpec spec, InstanceClaims claims, IReadOnlyList<VolumeObservation>? before)
    {
        var next = new Dictionary<string, int>();
        var volumes = new List<VolumeObservation>();
        foreach (var disk in spec.Domain.Devices.Disks ?? [])
        {
            var prefix = disk.Bus == DiskBus.Virtio ? "vd" : disk.Cdrom is null ? "sd" : "sr";
            var number = next.GetValueOrDefault(prefix);
            next[prefix] = number + 1;
            var known = before?.FirstOrDefault(volume => volume.Name == disk.Name) ?? new VolumeObservation { Name = disk.Name };
            var volume = (spec.Volumes ?? []).FirstOrDefault(volume => volume.Name == disk.Name);
            volumes.Add(known with
            {
                Target = prefix == "sr" ? $"sr{number}" : prefix + Letters(number),
                // What the guest was started with counts: a claim does not change its kind.
                PersistentVolumeClaimInfo = (volume is null ? null : claims.Find(volume)) ?? known.PersistentVolumeClaimInfo,
            });
        }

        return volumes.Count == 0 ? null : volumes;
    }

    /// <summary>Why the guest's disks cannot come along to another node, or null.</summary>
    public static string? Obstacle(VirtualMachineInstanceSpec spec, InstanceClaims claims) =>
        (spec.Domain.Devices.Disks ?? []).Select(disk => (spec.Volumes ?? []).FirstOrDefault(volume => volume.Name == disk.Name) is { } volume ? Obstacle(disk, volume, claims) : null)
            .FirstOrDefault(obstacle => obstacle is not null);

    private static string? Obstacle(Disk disk, InstanceVolume volume, InstanceClaims claims) => volume switch
    {
        { PersistentVolumeClaim: not null } or { DataVolume: not null } => claims.IsShared(volume)
            ? null
            : $"cannot migrate VMI: PVC {volume.ClaimName} is not shared, live migration requires that all PVCs must be shared (using ReadWriteMany access mode)",
        { HostDisk: { Shared: not true } } => "cannot migrate VMI with non-shared HostDisk",
        { DownwardAPI: not null } or { ServiceAccount: not null } => $"cannot migrate VMI: volume {volume.Name} is made of what only its pod has",
        { ContainerDisk: not null } or { Ephemeral: not null } or { EmptyDisk: not null } when disk is { Cdrom: null, Target.ReadOnly: not true } =>
            $"cannot migrate VMI: what is written to volume {volume.Name} is kept on its node only",
        _ => null,
    };

    // As Linux counts disks: a to z, aa, ab and so on.
    private static string Letters(int number) => (number < 26 ? "" : Letters(number / 26 - 1)) + (char)('a' + number % 26);
}
