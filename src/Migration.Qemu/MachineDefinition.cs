namespace Migration.Qemu;

/// <summary>
/// Everything about a machine that its QEMU is started with. Source and target of a migration are started from definitions that
/// differ in <see cref="Incoming"/>, paths and descriptors alone.
/// </summary>
public sealed record MachineDefinition
{
    public required string Name { get; init; }

    public required Guid Uuid { get; init; }

    public required CpuTopology Cpus { get; init; }

    public required long MemoryBytes { get; init; }

    /// <summary>Versioned ("pc-q35-7.2"): an alias means something else after an upgrade.</summary>
    public required string MachineType { get; init; }

    public required string CpuModel { get; init; }

    public required Accelerator Accelerator { get; init; }

    public KernelBoot? KernelBoot { get; init; }

    public Firmware? Firmware { get; init; }

    /// <summary>In the same order on source and target of a migration.</summary>
    public IReadOnlyList<Disk> Disks { get; init; } = [];

    public IReadOnlyList<NetworkCard> Cards { get; init; } = [];

    /// <summary>The unix socket of QMP, as QEMU sees it.</summary>
    public required string QmpPath { get; init; }

    /// <summary>The guest arrives by migration.</summary>
    public bool Incoming { get; init; }
}
