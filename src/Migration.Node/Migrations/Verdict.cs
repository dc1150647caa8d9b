namespace Migration.Node.Migrations;

/// <summary>The target's durable decision about who runs the guest; the contract's <c>Outcome</c>.</summary>
internal enum Verdict
{
    Pending = 1,
    /// <summary>Recorded before the target's guest was started.</summary>
    Activated,
    /// <summary>Recorded before the target's QEMU was ended.</summary>
    Aborted,
}
