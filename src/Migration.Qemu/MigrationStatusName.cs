namespace Migration.Qemu;

internal static class MigrationStatusName
{
    public static MigrationStatus Parse(string name) => name switch
    {
        // query-migrate answers {} when there was never a migration.
        "" or "none" => MigrationStatus.None,
        "setup" => MigrationStatus.Setup,
        "active" => MigrationStatus.Active,
        "pre-switchover" => MigrationStatus.PreSwitchover,
        "device" => MigrationStatus.Device,
        "completed" => MigrationStatus.Completed,
        "failed" => MigrationStatus.Failed,
        "cancelling" => MigrationStatus.Cancelling,
        "cancelled" => MigrationStatus.Cancelled,
        "wait-unplug" => MigrationStatus.WaitUnplug,
        "colo" => MigrationStatus.Colo,
        _ when name.StartsWith("postcopy-", StringComparison.Ordinal) => MigrationStatus.PostCopy,
        _ => MigrationStatus.Unknown,
    };
}
