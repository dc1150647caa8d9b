using Google.Protobuf.WellKnownTypes;
using Migration.Node.Machines.Disks;
using Migration.Node.Networks;
using Migration.Node.State;
using Migration.Qemu;
using Wire = Migration.Protos;

namespace Migration.Node.Machines;

/// <summary>Between the contract's messages and the node's own records; what is malformed stops here.</summary>
internal static class MachineMapping
{
    private const ulong SmallestMemory = 16UL << 20;

    public static MachinePlan ToPlan(Wire.MachinePlan? wire)
    {
        if (wire is null)
            throw Malformed("plan is missing");
        if (wire.MemoryBytes is < SmallestMemory or > long.MaxValue)
            throw Malformed($"plan.memory_bytes is {wire.MemoryBytes}; a guest needs at least {SmallestMemory}");
        if (wire.FirmwareUuid.Length > 0 && !Guid.TryParse(wire.FirmwareUuid, out _))
            throw Malformed($"plan.firmware_uuid '{wire.FirmwareUuid}' is not a UUID");
        var interfaces = wire.Interfaces.Select(NetworkMapping.ToInterface).ToList();
        CheckTogether(interfaces);
        return new MachinePlan
        {
            Id = Identifier.Checked(wire.Id, "plan.id"),
            Pod = NetworkMapping.ToPod(wire.Pod ?? throw Malformed("plan.pod is missing")),
            InstanceNamespace = wire.InstanceNamespace,
            InstanceName = wire.InstanceName,
            InstanceUid = wire.InstanceUid,
            FirmwareUuid = wire.FirmwareUuid,
            Sockets = AtLeastOne(wire.Sockets),
            Cores = AtLeastOne(wire.Cores),
            Threads = AtLeastOne(wire.Threads),
            MemoryBytes = (long)wire.MemoryBytes,
            MachineType = wire.MachineType,
            CpuModel = wire.CpuModel,
            Accelerator = (Accelerator)wire.Accelerator,
            KernelBoot = wire.KernelBoot is { } boot ? new(boot.Volume, boot.KernelPath, boot.InitrdPath, boot.KernelArguments) : null,
            Firmware = (FirmwareKind)wire.Firmware,
            Disks = DiskMapping.ToDisks(wire),
            Interfaces = interfaces,
            Incoming = wire.Incoming,
            Paused = wire.Paused,
            GracePeriod = wire.TerminationGracePeriod?.ToTimeSpan() ?? TimeSpan.FromSeconds(30),
        };
    }

    public static Wire.MachinePlan ToWire(MachinePlan plan)
    {
        var wire = new Wire.MachinePlan
        {
            Id = plan.Id,
            Pod = NetworkMapping.ToWire(plan.Pod),
            InstanceNamespace = plan.InstanceNamespace,
            InstanceName = plan.InstanceName,
            InstanceUid = plan.InstanceUid,
            FirmwareUuid = plan.FirmwareUuid,
            Sockets = (uint)plan.Sockets,
            Cores = (uint)plan.Cores,
            Threads = (uint)plan.Threads,
            MemoryBytes = (ulong)plan.MemoryBytes,
            MachineType = plan.MachineType,
            CpuModel = plan.CpuModel,
            Accelerator = (Wire.Accelerator)plan.Accelerator,
            Incoming = plan.Incoming,
            Firmware = (Wire.Firmware)plan.Firmware,
            Paused = plan.Paused,
            TerminationGracePeriod = Duration.FromTimeSpan(plan.GracePeriod),
        };
        if (plan.KernelBoot is { } boot)
            wire.KernelBoot = new() { Volume = boot.Volume, KernelPath = boot.KernelPath, InitrdPath = boot.InitrdPath, KernelArguments = boot.Arguments };
        wire.Disks.AddRange(plan.Disks.Select(DiskMapping.ToWire));
        wire.Interfaces.AddRange(plan.Interfaces.Select(NetworkMapping.ToWire));
        return wire;
    }

    public static Wire.Machine ToWire(MachineSnapshot machine)
    {
        var wire = new Wire.Machine
        {
            Id = machine.Record.Plan.Id,
            Plan = ToWire(machine.Record.Plan),
            Phase = (Wire.MachinePhase)machine.Phase,
            Reason = machine.Reason,
            NetworkStatus = machine.NetworkStatus,
            QemuPid = machine.QemuPid,
            QemuVersion = machine.QemuVersion,
            MachineType = machine.Record.MachineType,
            CpuModel = machine.Record.CpuModel,
            Accelerator = (Wire.Accelerator)machine.Record.Accelerator,
            MigrationId = machine.MigrationId ?? "",
            Paused = machine.Record.Paused,
            Version = machine.Version,
        };
        wire.Disks.AddRange(machine.Record.Plan.Disks.Select(disk => new Wire.DiskStatus { Name = disk.Name, Digest = machine.Digests.GetValueOrDefault(disk.Name, "") }));
        wire.Interfaces.AddRange(machine.Interfaces.Select(bound => ToWire(bound, machine)));
        return wire;
    }

    /// <exception cref="RefusedException">One machine cannot have all of these.</exception>
    public static void CheckTogether(IReadOnlyList<InterfacePlan> interfaces)
    {
        if (interfaces.GroupBy(nic => nic.PodInterface).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Malformed($"plan.interfaces: two are bound to pod NIC {twice.Key}");
        if (interfaces.GroupBy(nic => MachineDefinitions.CardId(nic.Name)).FirstOrDefault(group => group.Count() > 1) is { } namesakes)
            throw Malformed($"plan.interfaces: two are named {namesakes.Key}");
        if (interfaces.Where(nic => nic.Slot is not null).GroupBy(nic => nic.Slot).FirstOrDefault(group => group.Count() > 1) is { } crowded)
            throw Malformed($"plan.interfaces: two are in slot {crowded.Key}");
        if (interfaces.Count > QemuCommandLine.Slots)
            throw Malformed($"plan.interfaces: {interfaces.Count}; a machine has {QemuCommandLine.Slots} slots");
    }

    private static Wire.InterfaceStatus ToWire(BoundInterface bound, MachineSnapshot machine)
    {
        var wire = NetworkMapping.ToWire(bound);
        var card = machine.Cards.FirstOrDefault(card => card.Name == bound.Name);
        var planned = machine.Record.Plan.Interfaces.FirstOrDefault(nic => nic.Name == bound.Name)?.LinkState ?? bound.LinkState;
        // What was done; only a service that has just started does not know, and will do what is wanted.
        (wire.Plugged, wire.LinkState) = (card is not null, (Wire.LinkState)(card?.Link ?? planned));
        return wire;
    }

    private static int AtLeastOne(uint count) => count switch
    {
        0 => 1,
        <= 1024 => (int)count,
        _ => throw Malformed($"plan: {count} is more sockets, cores or threads than QEMU takes"),
    };

    private static RefusedException Malformed(string message) => new(Refusal.Malformed, message);
}
