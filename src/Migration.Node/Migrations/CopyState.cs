namespace Migration.Node.Migrations;

/// <summary>QEMU's own migration status (QMP <c>MigrationStatus</c>), as far as decisions depend on it.</summary>
internal enum CopyState
{
    /// <summary><c>none</c></summary>
    None,
    /// <summary><c>setup</c></summary>
    Setup,
    /// <summary><c>active</c></summary>
    Active,
    /// <summary><c>pre-switchover</c>: the guest is stopped and QEMU waits for leave to go on.</summary>
    PreSwitchover,
    /// <summary><c>device</c>: the last state is on its way.</summary>
    Device,
    /// <summary><c>completed</c></summary>
    Completed,
    /// <summary><c>cancelling</c></summary>
    Cancelling,
    /// <summary><c>cancelled</c></summary>
    Cancelled,
    /// <summary><c>failed</c></summary>
    Failed,
    /// <summary>QEMU has ended.</summary>
    Gone,
    /// <summary>QEMU cannot be asked just now.</summary>
    Unknown,
}
