using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>
/// Names what a spec asks for and does not get. Whatever the records do not type is by construction not acted on
/// (it lands in <see cref="OpenRecord.Unknown"/>), so a field cannot be ignored by oversight.
/// </summary>
public static class UnsupportedFields
{
    // The guest would boot without them, but would not be the guest that was asked for.
    private static readonly HashSet<string> Essential =
    [
        "spec.domain.devices.filesystems", "spec.domain.devices.gpus", "spec.domain.devices.hostDevices", "spec.domain.devices.tpm",
        "spec.domain.launchSecurity", "spec.domain.cpu.dedicatedCpuPlacement",
        "spec.domain.cpu.features", "spec.domain.features",
    ];

    private static readonly Dictionary<string, JsonElement> NoFields = [];

    public static IReadOnlyList<UnsupportedField> Of(VirtualMachineInstanceSpec spec) =>
    [
        .. Untyped("spec", spec),
        .. OfArchitecture(spec.Architecture),
        .. OfDomain(spec.Domain),
        .. (spec.Networks ?? []).SelectMany((network, i) => OfNetwork($"spec.networks[{i}]", network, IsMasqueraded(spec, network))),
        .. (spec.Volumes ?? []).SelectMany((volume, i) => OfVolume($"spec.volumes[{i}]", volume)),
    ];

    private static IEnumerable<UnsupportedField> OfDomain(Domain domain) =>
    [
        .. Untyped("spec.domain", domain),
        .. Untyped("spec.domain.resources", domain.Resources),
        .. Untyped("spec.domain.cpu", domain.Cpu),
        .. Untyped("spec.domain.memory", domain.Memory),
        .. Untyped("spec.domain.machine", domain.Machine),
        .. Untyped("spec.domain.firmware", domain.Firmware),
        .. Untyped("spec.domain.firmware.bootloader", domain.Firmware?.Bootloader),
        .. Untyped("spec.domain.firmware.bootloader.bios", domain.Firmware?.Bootloader?.Bios),
        .. Untyped("spec.domain.firmware.bootloader.efi", domain.Firmware?.Bootloader?.Efi),
        .. Untyped("spec.domain.firmware.kernelBoot", domain.Firmware?.KernelBoot),
        .. Untyped("spec.domain.firmware.kernelBoot.container", domain.Firmware?.KernelBoot?.Container),
        .. Untyped("spec.domain.devices", domain.Devices),
        .. (domain.Devices.Disks ?? []).SelectMany((disk, i) => OfDisk($"spec.domain.devices.disks[{i}]", disk)),
        .. (domain.Devices.Interfaces ?? []).SelectMany((nic, i) => OfInterface($"spec.domain.devices.interfaces[{i}]", nic)),
    ];

    private static bool IsMasqueraded(VirtualMachineInstanceSpec spec, Network network) =>
        spec.Domain.Devices.Interfaces?.Any(nic => nic.Name == network.Name && nic.Masquerade is not null) == true;

    private static IEnumerable<UnsupportedField> OfInterface(string path, Interface nic)
    {
        if (nic.Sriov is not null)
            yield return new(path + ".sriov", true);
        if (nic.PasstBinding is not null)
            yield return new(path + ".passtBinding", true);
        if (nic.Binding is { IsManagedTap: false })
            yield return new(path + ".binding", true);
        if (nic.DhcpOptions is not null && nic.Binding is not null)
            yield return new(path + ".dhcpOptions", false);
        foreach (var field in Untyped(path, nic))
            yield return field with { Essential = field.Path.EndsWith(".slirp", StringComparison.Ordinal) || field.Path.EndsWith(".macvtap", StringComparison.Ordinal) || field.Path.EndsWith(".passt", StringComparison.Ordinal) };
        foreach (var field in Untyped(path + ".dhcpOptions", nic.DhcpOptions).Concat(Untyped(path + ".binding", nic.Binding)))
            yield return field;
    }

    // A guest that is not behind NAT has no network of its own.
    private static IEnumerable<UnsupportedField> OfNetwork(string path, Network network, bool isMasqueraded)
    {
        if (network.Pod?.VmNetworkCIDR is not null && !isMasqueraded)
            yield return new(path + ".pod.vmNetworkCIDR", false);
        if (network.Pod?.VmIPv6NetworkCIDR is not null && !isMasqueraded)
            yield return new(path + ".pod.vmIPv6NetworkCIDR", false);
        foreach (var field in Untyped(path, network))
            yield return field with { Essential = true };
    }

    private static IEnumerable<UnsupportedField> Untyped(string path, OpenRecord? part) =>
        from field in part?.Unknown ?? NoFields
        from name in HarmlessFields.Missing($"{path}.{field.Key}", field.Value)
        orderby name
        select new UnsupportedField(name, IsEssential(name));

    private static bool IsEssential(string path) => Essential.Any(whole => path == whole || path.StartsWith(whole + ".", StringComparison.Ordinal));

    // The nodes run QEMU for one architecture.
    private static IEnumerable<UnsupportedField> OfArchitecture(string? architecture) =>
        architecture is null or "" or "amd64" ? [] : [new("spec.architecture", true)];

    // A volume of an unknown kind is no volume.
    private static IEnumerable<UnsupportedField> OfVolume(string path, InstanceVolume volume) =>
    [
        .. Untyped(path, volume).Select(field => field with { Essential = true }),
        .. volume.Sources.SelectMany(source => Untyped($"{path}.{source.Name}", source.Source)),
        .. Untyped($"{path}.ephemeral.persistentVolumeClaim", volume.Ephemeral?.PersistentVolumeClaim),
    ];

    private static IEnumerable<UnsupportedField> OfDisk(string path, Disk disk) =>
    [
        .. Untyped(path, disk).Select(field => field with { Essential = field.Path.Contains("].lun", StringComparison.Ordinal) }),
        .. disk.Cdrom?.Tray == "open" ? (UnsupportedField[])[new(path + ".cdrom.tray", false)] : [],
        .. Untyped(path + ".disk", disk.Target),
        .. Untyped(path + ".cdrom", disk.Cdrom),
        .. Untyped(path + ".blockSize", disk.BlockSize),
        .. Untyped(path + ".blockSize.custom", disk.BlockSize?.Custom),
    ];
}
