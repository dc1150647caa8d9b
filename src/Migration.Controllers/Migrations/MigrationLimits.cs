namespace Migration.Controllers.Migrations;

/// <summary>How many migrations at once, and how long each of their steps may take.</summary>
public sealed record MigrationLimits
{
    public int ParallelPerCluster { get; init; } = 5;

    public int OutboundPerNode { get; init; } = 2;

    /// <summary>How long no node may be found for the target pod.</summary>
    public TimeSpan Unschedulable { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the target pod may be pending for any other reason.</summary>
    public TimeSpan Pending { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long the target may take from bound pod to waiting QEMU.</summary>
    public TimeSpan Preparation { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Progress is written to the status no more often than this.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(250);
}
