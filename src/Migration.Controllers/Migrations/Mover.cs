using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>A migration among others: who goes first, and from where.</summary>
public sealed record Mover(string Uid, string SourceNode, string? Priority, DateTimeOffset Created)
{
    public static Mover Of(VirtualMachineInstanceMigration job, string? sourceNode) =>
        new(job.Metadata.Uid ?? "", sourceNode ?? "", job.Spec.Priority, job.Metadata.CreationTimestamp ?? default);

    /// <summary>The more urgent goes first; of two that are equally so, the older.</summary>
    public bool GoesBefore(Mover other) => Rank(this).CompareTo(Rank(other)) < 0;

    internal static (int Weight, DateTimeOffset Created, string Uid) Rank(Mover mover) => (-MigrationPriority.Weight(mover.Priority), mover.Created, mover.Uid);
}
