using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>Migrations that nobody asked for by hand come again when they fail: each time later.</summary>
public static class MigrationBackoff
{
    private const int MostDoublings = 10;

    /// <summary>Whether somebody other than a user made it, who will make the next when this one fails.</summary>
    public static bool AppliesTo(VirtualMachineInstanceMigration job) =>
        job.Metadata.Annotation(Annotations.EvacuationMigration) is not null || job.Metadata.Annotation(Annotations.WorkloadUpdateMigration) is not null;

    /// <summary>Until when a migration waits that follows these; null if it need not.</summary>
    public static DateTimeOffset? Until(IEnumerable<VirtualMachineInstanceMigration> ended, TimeSpan first)
    {
        var failures = ended
            .OrderByDescending(MigrationHistory.EndOf)
            .TakeWhile(job => job.Status?.Phase == MigrationJobPhase.Failed)
            .Where(AppliesTo)
            .ToList();
        return failures.Count == 0 ? null : MigrationHistory.EndOf(failures[0]) + (first * Math.Pow(2, Math.Min(failures.Count - 1, MostDoublings)));
    }
}
