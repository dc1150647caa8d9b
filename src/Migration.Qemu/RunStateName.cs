namespace Migration.Qemu;

internal static class RunStateName
{
    public static RunState Parse(string name) => name switch
    {
        "prelaunch" => RunState.Prelaunch,
        "inmigrate" => RunState.InMigrate,
        "running" => RunState.Running,
        "paused" => RunState.Paused,
        "suspended" => RunState.Suspended,
        "finish-migrate" => RunState.FinishMigrate,
        "postmigrate" => RunState.PostMigrate,
        "shutdown" => RunState.Shutdown,
        "guest-panicked" => RunState.GuestPanicked,
        "internal-error" => RunState.InternalError,
        "io-error" => RunState.IoError,
        "watchdog" => RunState.Watchdog,
        "debug" => RunState.Debug,
        "restore-vm" => RunState.RestoreVm,
        "save-vm" => RunState.SaveVm,
        "colo" => RunState.Colo,
        _ => RunState.Unknown,
    };
}
