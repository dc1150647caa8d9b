using Migration.Qemu;

namespace Migration.Node.Machines;

/// <summary>From QEMU's run states to the few that decisions depend on.</summary>
internal static class GuestStates
{
    public static GuestState Of(RunState state) => state switch
    {
        RunState.Prelaunch => GuestState.Prelaunch,
        RunState.InMigrate => GuestState.Incoming,
        RunState.Running or RunState.Suspended or RunState.Debug => GuestState.Running,
        RunState.Paused => GuestState.Paused,
        RunState.FinishMigrate or RunState.PostMigrate => GuestState.Migrating,
        RunState.Unknown => GuestState.Unknown,
        _ => GuestState.Halted,
    };
}
