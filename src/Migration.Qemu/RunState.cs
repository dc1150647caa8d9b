namespace Migration.Qemu;

/// <summary>What the guest's vCPUs do (QMP <c>RunState</c>).</summary>
public enum RunState
{
    /// <summary>A state that this code does not know.</summary>
    Unknown,

    /// <summary><c>prelaunch</c>: started with -S, never run.</summary>
    Prelaunch,

    /// <summary><c>inmigrate</c>: waiting for an incoming migration.</summary>
    InMigrate,

    /// <summary><c>running</c></summary>
    Running,

    /// <summary><c>paused</c>: by command, or loaded by a migration and not started yet.</summary>
    Paused,

    /// <summary><c>suspended</c>: the guest sleeps (ACPI S3).</summary>
    Suspended,

    /// <summary><c>finish-migrate</c>: stopped for the switch-over.</summary>
    FinishMigrate,

    /// <summary><c>postmigrate</c>: given away.</summary>
    PostMigrate,

    /// <summary><c>shutdown</c></summary>
    Shutdown,

    /// <summary><c>guest-panicked</c></summary>
    GuestPanicked,

    /// <summary><c>internal-error</c></summary>
    InternalError,

    /// <summary><c>io-error</c></summary>
    IoError,

    /// <summary><c>watchdog</c></summary>
    Watchdog,

    /// <summary><c>debug</c></summary>
    Debug,

    /// <summary><c>restore-vm</c></summary>
    RestoreVm,

    /// <summary><c>save-vm</c></summary>
    SaveVm,

    /// <summary><c>colo</c></summary>
    Colo,
}
