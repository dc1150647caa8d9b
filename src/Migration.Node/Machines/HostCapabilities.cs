namespace Migration.Node.Machines;

/// <summary>What this node's QEMU can do, asked once from the program itself.</summary>
internal sealed record HostCapabilities
{
    public required string QemuVersion { get; init; }

    /// <summary>Best first; never empty.</summary>
    public required IReadOnlyList<Accelerator> Accelerators { get; init; }

    /// <summary>Versioned names.</summary>
    public required IReadOnlyList<string> MachineTypes { get; init; }
    public required IReadOnlyList<string> CpuModels { get; init; }

    /// <summary>What a guest gets whose plan leaves it to the node.</summary>
    public required string DefaultMachineType { get; init; }

    /// <summary>What software emulates completely on every host; with KVM the oldest model that current guests run on.</summary>
    public static string DefaultCpuModel(Accelerator accelerator) => accelerator is Accelerator.Kvm ? "Nehalem-v1" : "qemu64-v1";

    /// <summary>Fills in what the plan leaves open, and refuses what this node cannot provide.</summary>
    public MachineRecord Pin(MachineRecord record)
    {
        var plan = record.Plan;
        var accelerator = plan.Accelerator is Accelerator.Auto ? Accelerators[0] : plan.Accelerator;
        if (!Accelerators.Contains(accelerator))
            throw new RefusedException(Refusal.NotNow, $"accelerator {accelerator} is not available on this node");
        var machineType = plan.MachineType.Length > 0 ? plan.MachineType : DefaultMachineType;
        if (!MachineTypes.Contains(machineType))
            throw new RefusedException(Refusal.NotNow, $"machine type {machineType} is not known to QEMU {QemuVersion} on this node");
        return record with
        {
            MachineType = machineType,
            CpuModel = plan.CpuModel.Length > 0 ? plan.CpuModel : DefaultCpuModel(accelerator),
            Accelerator = accelerator,
        };
    }
}
