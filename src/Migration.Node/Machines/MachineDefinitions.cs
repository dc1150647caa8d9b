using System.Security.Cryptography;
using System.Text;
using Migration.Node.Machines.Disks;
using Migration.Node.Networks;
using Migration.Packets;
using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>From what was planned and pinned to what QEMU is started with. Source and target of a migration come to the same devices.</summary>
internal static class MachineDefinitions
{
    public static MachineDefinition Of(MachineRecord record, IReadOnlyList<BoundInterface> bound)
    {
        var plan = record.Plan;
        return new MachineDefinition
        {
            Name = plan.InstanceName.Length > 0 ? $"{plan.InstanceNamespace}_{plan.InstanceName}" : plan.Id,
            Uuid = UuidOf(plan),
            Cpus = new CpuTopology(plan.Sockets, plan.Cores, plan.Threads),
            MemoryBytes = plan.MemoryBytes,
            MachineType = record.MachineType,
            CpuModel = record.CpuModel,
            Accelerator = record.Accelerator is Accelerator.Kvm ? Qemu.Accelerator.Kvm : Qemu.Accelerator.Tcg,
            Firmware = MachineDisks.FirmwareOf(plan),
            Disks = MachineDisks.Of(plan),
            KernelBoot = plan.KernelBoot is { } boot ? BootOf(boot) : null,
            Cards = [.. plan.Interfaces.Where(nic => nic.Slot is not null).Select(nic => CardOf(nic, bound.First(interfaceOf => interfaceOf.Name == nic.Name)))],
            QmpPath = PodFolder.SocketInside("qmp.sock"),
            Incoming = plan.Incoming,
        };
    }

    /// <summary>The names under which the launcher is given a NIC's tap queues.</summary>
    public static IEnumerable<string> TapFiles(string nic, int queues) => Enumerable.Range(0, queues).Select(queue => $"{CardId(nic)}-{queue}");

    public static string CardId(string nic) => string.Concat(nic.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' ? c : '-'));

    private static Qemu.KernelBoot BootOf(KernelBoot boot) => new(
        PodFolder.VolumeFile(boot.Volume, boot.KernelPath),
        boot.InitrdPath.Length > 0 ? PodFolder.VolumeFile(boot.Volume, boot.InitrdPath) : null,
        boot.Arguments);

    /// <summary>A NIC that has its slot.</summary>
    public static NetworkCard CardOf(InterfacePlan nic, BoundInterface bound) => new()
    {
        Id = CardId(nic.Name),
        Slot = nic.Slot!.Value,
        Mac = MacAddress.Parse(bound.Mac).ToPhysicalAddress(),
        Model = nic.Model.Length > 0 ? nic.Model : "virtio",
        TapFiles = [.. TapFiles(nic.Name, bound.Queues)],
        Mtu = bound.Lease.Mtu > 0 ? bound.Lease.Mtu : null,
    };

    /// <summary>The same on every node: the plan's, or made from what names the guest.</summary>
    private static Guid UuidOf(MachinePlan plan)
    {
        if (Guid.TryParse(plan.FirmwareUuid, out var firmware) || Guid.TryParse(plan.InstanceUid, out firmware))
            return firmware;
        var name = plan.InstanceUid.Length > 0 ? plan.InstanceUid : $"{plan.InstanceNamespace}/{plan.InstanceName}";
        return new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
    }
}
