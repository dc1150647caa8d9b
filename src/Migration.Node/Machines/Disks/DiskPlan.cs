using Migration.Qemu;

namespace Migration.Node.Machines.Disks;

/// <summary>A disk as the controllers planned it. Exactly one of the sources is set.</summary>
internal sealed record DiskPlan
{
    public required string Name { get; init; }
    public DiskBus Bus { get; init; }
    public bool IsCdrom { get; init; }
    public bool ReadOnly { get; init; }

    /// <summary>0: none.</summary>
    public int BootOrder { get; init; }
    public string Serial { get; init; } = "";
    public string Cache { get; init; } = "";
    public string Io { get; init; } = "";
    public int LogicalBlockSize { get; init; }
    public int PhysicalBlockSize { get; init; }
    public int? DiscardGranularity { get; init; }
    public bool Shareable { get; init; }
    public string ErrorPolicy { get; init; } = "";

    public FileSource? File { get; init; }
    public BlockSource? Block { get; init; }
    public OverlaySource? Overlay { get; init; }
    public BlankSource? Blank { get; init; }
    public GeneratedSource? Generated { get; init; }
}
