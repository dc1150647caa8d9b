using Migration.Node.Machines.Disks;
using Migration.Node.Networks;

namespace Migration.Node.Machines;

/// <summary>Everything the node must know to run one machine, as the controllers pushed it.</summary>
internal sealed record MachinePlan
{
    /// <summary>The launcher pod's UID.</summary>
    public required string Id { get; init; }
    public required PodIdentity Pod { get; init; }
    public string InstanceNamespace { get; init; } = "";
    public string InstanceName { get; init; } = "";
    public string InstanceUid { get; init; } = "";
    public string FirmwareUuid { get; init; } = "";
    public int Sockets { get; init; } = 1;
    public int Cores { get; init; } = 1;
    public int Threads { get; init; } = 1;
    public long MemoryBytes { get; init; }

    /// <summary>Empty: the node chooses and reports.</summary>
    public string MachineType { get; init; } = "";

    /// <summary>Empty: the node chooses and reports.</summary>
    public string CpuModel { get; init; } = "";
    public Accelerator Accelerator { get; init; }
    public KernelBoot? KernelBoot { get; init; }
    public FirmwareKind Firmware { get; init; }
    public IReadOnlyList<DiskPlan> Disks { get => field ?? []; init; } = [];
    public IReadOnlyList<InterfacePlan> Interfaces { get; init; } = [];

    /// <summary>The machine arrives by migration: QEMU waits for it.</summary>
    public bool Incoming { get; init; }

    /// <summary>The guest begins with its vCPUs stopped.</summary>
    public bool Paused { get; init; }
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(30);
}
