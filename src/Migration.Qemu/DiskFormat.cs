namespace Migration.Qemu;

/// <summary>What is behind a disk.</summary>
public enum DiskFormat
{
    /// <summary>A file, byte for byte.</summary>
    Raw,

    /// <summary>A qcow2 file, with whatever it lies over.</summary>
    Qcow2,

    /// <summary>A block device of the host.</summary>
    BlockDevice,
}
