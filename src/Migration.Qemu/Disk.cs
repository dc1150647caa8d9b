namespace Migration.Qemu;

/// <summary>A disk of a machine, and the file behind it. Its place among the machine's disks decides where the guest finds it.</summary>
public sealed record Disk
{
    /// <summary>The device is named after it; letters, digits, '-', '.' and '_'.</summary>
    public required string Id { get; init; }

    public required DiskBus Bus { get; init; }

    /// <summary>As QEMU sees it.</summary>
    public required string Path { get; init; }

    public DiskFormat Format { get; init; } = DiskFormat.Raw;

    public bool IsCdrom { get; init; }

    public bool ReadOnly { get; init; }

    /// <summary>The firmware tries 1 first, and a disk without it not at all.</summary>
    public int? BootIndex { get; init; }

    public string Serial { get; init; } = "";

    public DiskCache Cache { get; init; } = DiskCache.WriteBack;

    /// <summary>The kernel's own asynchronous input and output; needs <see cref="DiskCache.None"/>.</summary>
    public bool NativeIo { get; init; }

    public int LogicalBlockSize { get; init; }

    public int PhysicalBlockSize { get; init; }

    public int? DiscardGranularity { get; init; }

    /// <summary>Others may write to it at the same time: it is not locked.</summary>
    public bool Shareable { get; init; }

    /// <summary>QEMU's word for what happens after a failed access; empty for stopping the guest.</summary>
    public string ErrorPolicy { get; init; } = "";
}
