using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>How many migrations at once, how long each of their steps may take, and how the copy is done where no policy says otherwise.</summary>
public sealed record MigrationLimits
{
    public int ParallelPerCluster { get; init; } = 5;

    public int OutboundPerNode { get; init; } = 2;

    /// <summary>Ours; KubeVirt has none. Two nodes that are emptied into one do not hold each other up.</summary>
    public int InboundPerNode { get; init; } = 4;

    /// <summary>How long no node may be found for the target pod.</summary>
    public TimeSpan Unschedulable { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the target pod may be pending for any other reason.</summary>
    public TimeSpan Pending { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long the target may take from running pod to waiting QEMU.</summary>
    public TimeSpan Preparation { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an evacuation waits after one that failed; twice as long after each further one.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Ended migrations of one instance that are kept.</summary>
    public int History { get; init; } = 5;

    /// <summary>Progress is written to the status no more often than this.</summary>
    public TimeSpan ProgressInterval { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The cluster's settings of a copy; a MigrationPolicy changes them for the instances that it is for.</summary>
    public MigrationConfiguration Copy { get; init; } = MigrationConfiguration.Default;

    /// <summary>All of it in KubeVirt's words.</summary>
    public MigrationConfiguration Configuration => Copy with
    {
        ParallelMigrationsPerCluster = ParallelPerCluster,
        ParallelOutboundMigrationsPerNode = OutboundPerNode,
    };
}
