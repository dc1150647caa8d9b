namespace Migration.Qemu;

/// <summary>What the host's page cache does for a disk.</summary>
public enum DiskCache
{
    /// <summary>Reads and writes are cached; the guest's flushes are honoured.</summary>
    WriteBack,

    /// <summary>Reads are cached, every write reaches the storage before the guest is told.</summary>
    WriteThrough,

    /// <summary>Nothing is cached (O_DIRECT): what another host may read or write.</summary>
    None,
}
