using Migration.Api;

namespace Migration.Controllers.VirtualMachines;

/// <summary>How long to wait before another instance is made where several have ended before their guest ran.</summary>
public static class StartBackoff
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    /// <summary>Grows with the square of the number of failures.</summary>
    public static TimeSpan Pause(int failures) => First * Math.Pow(failures, 2) is var pause && pause < Longest ? pause : Longest;

    /// <summary>The record of failures with this instance counted, once.</summary>
    public static StartFailure? After(StartFailure? before, VirtualMachineInstance? instance, DateTimeOffset now)
    {
        if (instance?.Status is not { } status)
            return before;
        if (status.PhaseTransitionTimestamps.When(InstancePhase.Running) is not null)
            return null;
        if (!InstancePhase.IsFinal(status.Phase) || before?.LastFailedInstance == instance.Metadata.Uid)
            return before;
        var failures = (before?.ConsecutiveFailCount ?? 0) + 1;
        return (before ?? new StartFailure()) with { ConsecutiveFailCount = failures, LastFailedInstance = instance.Metadata.Uid, RetryAfterTimestamp = now + Pause(failures) };
    }
}
