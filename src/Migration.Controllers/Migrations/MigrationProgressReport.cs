using Migration.Api;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>The source's figures, in the words of the migration's status.</summary>
public static class MigrationProgressReport
{
    public static MigrationJobProgress Of(MigrationState state)
    {
        var progress = state.Progress ?? new MigrationProgress();
        return new MigrationJobProgress
        {
            Percent = state.Phase == Protos.MigrationPhase.Succeeded ? 100 : (int)progress.Percent,
            TotalBytes = (long)progress.TotalBytes,
            TransferredBytes = (long)progress.TransferredBytes,
            RemainingBytes = (long)progress.RemainingBytes,
            BytesPerSecond = Whole(progress.BytesPerSecond),
            DirtyBytesPerSecond = Whole(progress.DirtyBytesPerSecond),
            Iteration = (int)progress.Iteration,
            PredictedDowntime = Text(progress.PredictedDowntime),
            Downtime = Text(state.Downtime),
            TotalTime = Text(state.TotalTime),
            Encrypted = state.Encrypted,
            Anchored = state.Anchored ? true : null,
            FramesSentAfter = state.Anchored ? state.FramesSentAfter : null,
        };
    }

    private static long Whole(double value) => double.IsFinite(value) && value is > 0 and < long.MaxValue ? (long)value : 0;

    private static string? Text(Google.Protobuf.WellKnownTypes.Duration? duration) => duration is null ? null : GoDuration.Format(duration.ToTimeSpan());
}
