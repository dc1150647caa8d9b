using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>Ended migrations of one instance.</summary>
public static class MigrationHistory
{
    /// <summary>When it ended, by our own clock: what a node says depends on its.</summary>
    public static DateTimeOffset EndOf(VirtualMachineInstanceMigration job) =>
        job.Status?.PhaseTransitionTimestamps.When(job.Status.Phase ?? "") ?? job.Metadata.CreationTimestamp ?? default;

    /// <summary>Whether so many others ended later that nobody will look at this one.</summary>
    public static bool IsPast(VirtualMachineInstanceMigration job, IEnumerable<VirtualMachineInstanceMigration> ended, int kept) =>
        ended.Count(other => other.Metadata.Uid != job.Metadata.Uid && Age(other).CompareTo(Age(job)) > 0) >= kept;

    private static (DateTimeOffset Ended, DateTimeOffset Created, string Uid) Age(VirtualMachineInstanceMigration job) =>
        (EndOf(job), job.Metadata.CreationTimestamp ?? default, job.Metadata.Uid ?? "");
}
