using System.Security.Cryptography;
using System.Text;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>
/// What a spec means where it says nothing. Applied whenever a spec is read, so that an instance made before a
/// default existed gets it too; nothing is written back.
/// </summary>
public static class InstanceDefaults
{
    public const string NetworkName = "default";
    public const string Machine = "q35";
    public const string InterfaceModel = "virtio";
    public const long TerminationGracePeriodSeconds = 30;

    /// <summary>The complete spec of the instance with this UID.</summary>
    public static VirtualMachineInstanceSpec Complete(VirtualMachineInstanceSpec spec, string uid)
    {
        var withNetwork = WithDefaultNetwork(spec);
        return withNetwork with
        {
            TerminationGracePeriodSeconds = spec.TerminationGracePeriodSeconds ?? TerminationGracePeriodSeconds,
            Domain = withNetwork.Domain with
            {
                Machine = new MachineType { Unknown = spec.Domain.Machine?.Unknown, Type = OrElse(spec.Domain.Machine?.Type, Machine) },
                Firmware = (spec.Domain.Firmware ?? new Firmware()) with { Uuid = OrElse(spec.Domain.Firmware?.Uuid, FirmwareUuid(uid)) },
                Cpu = Complete(spec.Domain.Cpu ?? new Cpu(), spec.Domain.Resources),
                Memory = (spec.Domain.Memory ?? new Memory()) with { Guest = spec.Domain.Memory?.Guest ?? RequestedMemory(spec.Domain.Resources) },
                Devices = VolumeDefaults.Complete(
                    withNetwork.Domain.Devices with { Interfaces = withNetwork.Domain.Devices.Interfaces?.Select(Complete).ToList() }, spec.Volumes ?? []),
            },
        };
    }

    /// <summary>The guest's identity when the spec names none: the instance's, for ever the same.</summary>
    public static string FirmwareUuid(string uid) =>
        Guid.TryParse(uid, out var parsed) ? parsed.ToString("D") : new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(uid)).AsSpan(0, 16)).ToString("D");

    private static VirtualMachineInstanceSpec WithDefaultNetwork(VirtualMachineInstanceSpec spec)
    {
        var devices = spec.Domain.Devices;
        if (spec.Networks is { Count: > 0 } || devices.Interfaces is { Count: > 0 } || devices.AutoattachPodInterface == false)
            return spec;
        return spec with
        {
            Networks = [new Network { Name = NetworkName, Pod = new PodNetwork() }],
            Domain = spec.Domain with { Devices = devices with { Interfaces = [new Interface { Name = NetworkName, Bridge = new Empty() }] } },
        };
    }

    private static Interface Complete(Interface nic) => nic with
    {
        Model = OrElse(nic.Model, InterfaceModel),
        Bridge = nic.HasBinding ? nic.Bridge : new Empty(),
    };

    // Without a topology, as many sockets as CPUs are requested.
    private static Cpu Complete(Cpu cpu, Resources? resources) => cpu with
    {
        Sockets = Positive(cpu.Sockets) ?? (Positive(cpu.Cores) is null && Positive(cpu.Threads) is null ? RequestedCpus(resources) : null) ?? 1,
        Cores = Positive(cpu.Cores) ?? 1,
        Threads = Positive(cpu.Threads) ?? 1,
    };

    private static int? RequestedCpus(Resources? resources) =>
        Requested(resources, "cpu")?.Ceiling is > 0 and <= 1024 and var cpus ? (int)cpus : null;

    private static Quantity? RequestedMemory(Resources? resources) => Requested(resources, "memory");

    private static Quantity? Requested(Resources? resources, string name)
    {
        if (resources?.Requests?.TryGetValue(name, out var requested) == true)
            return requested;
        return resources?.Limits?.TryGetValue(name, out var limit) == true ? limit : null;
    }

    private static int? Positive(int? value) => value is null or 0 ? null : value;

    private static string OrElse(string? value, string other) => string.IsNullOrEmpty(value) ? other : value;
}
