namespace Migration.Node.Machines;

/// <summary>What QEMU says about the guest, as far as decisions depend on it.</summary>
internal enum GuestState
{
    /// <summary>QEMU cannot be asked.</summary>
    Unknown,
    /// <summary>Loaded by <c>-S</c>, never ran.</summary>
    Prelaunch,
    /// <summary>Waits for, or is loading, an incoming migration.</summary>
    Incoming,
    Running,
    Paused,
    /// <summary>Stopped by a migration, which alone decides what follows.</summary>
    Migrating,
    /// <summary>QEMU stopped it for a reason of its own: panic, I/O error, internal error.</summary>
    Halted,
}
