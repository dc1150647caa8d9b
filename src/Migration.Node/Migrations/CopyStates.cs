using Migration.Qemu;

namespace Migration.Node.Migrations;

/// <summary>From QEMU's migration states to the few that decisions depend on.</summary>
internal static class CopyStates
{
    public static CopyState Of(MigrationStatus status) => status switch
    {
        MigrationStatus.None => CopyState.None,
        MigrationStatus.Setup or MigrationStatus.WaitUnplug => CopyState.Setup,
        MigrationStatus.Active => CopyState.Active,
        MigrationStatus.PreSwitchover => CopyState.PreSwitchover,
        MigrationStatus.Device => CopyState.Device,
        MigrationStatus.Completed => CopyState.Completed,
        MigrationStatus.Cancelling => CopyState.Cancelling,
        MigrationStatus.Cancelled => CopyState.Cancelled,
        MigrationStatus.Failed => CopyState.Failed,
        _ => CopyState.Unknown,
    };
}
