namespace Migration.Qemu;

/// <summary>Where QEMU's migration is (QMP <c>MigrationStatus</c>).</summary>
public enum MigrationStatus
{
    /// <summary>A state that this code does not know.</summary>
    Unknown,

    /// <summary><c>none</c>: there was never one.</summary>
    None,

    /// <summary><c>setup</c>: connecting, or listening on the target.</summary>
    Setup,

    /// <summary><c>active</c>: memory is copied, the guest runs.</summary>
    Active,

    /// <summary><c>pre-switchover</c>: the guest is stopped and QEMU waits for <c>migrate-continue</c>, for ever.</summary>
    PreSwitchover,

    /// <summary><c>device</c>: the last of the state is on its way. No limit in QEMU here either.</summary>
    Device,

    /// <summary><c>completed</c>: on the source, the target has loaded everything and the guest will not run here by itself.</summary>
    Completed,

    /// <summary><c>failed</c>: QEMU on the source has resumed the guest if it had run before.</summary>
    Failed,

    /// <summary><c>cancelling</c></summary>
    Cancelling,

    /// <summary><c>cancelled</c>: as <see cref="Failed"/>.</summary>
    Cancelled,

    /// <summary><c>wait-unplug</c></summary>
    WaitUnplug,

    /// <summary>Any of the <c>postcopy-</c> states.</summary>
    PostCopy,

    /// <summary><c>colo</c></summary>
    Colo,
}
