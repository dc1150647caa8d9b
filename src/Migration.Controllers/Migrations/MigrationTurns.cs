using Migration.Api;

namespace Migration.Controllers.Migrations;

/// <summary>
/// Whose turn it is. Counts the migrations that the API server shows to be under way, and those that were let go a
/// moment ago and do not show yet.
/// </summary>
public sealed class MigrationTurns(MigrationLimits limits)
{
    /// <summary>Protects the dictionary, and makes counting and letting go one act.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _letGo = [];

    /// <summary>Lets this migration go, or says why it has to wait.</summary>
    public string? Ask(string uid, string sourceNode, IEnumerable<VirtualMachineInstanceMigration> all)
    {
        lock (_gate)
        {
            var underWay = new Dictionary<string, string>(_letGo);
            foreach (var other in all.Where(IsUnderWay))
                underWay[other.Metadata.Uid ?? ""] = other.Status?.MigrationState?.SourceNode ?? "";
            underWay.Remove(uid);
            if (underWay.Count >= limits.ParallelPerCluster)
                return $"{underWay.Count} migrations are under way in the cluster, as many as allowed";
            if (underWay.Values.Count(node => node == sourceNode) is var leaving && leaving >= limits.OutboundPerNode)
                return $"{leaving} migrations leave node {sourceNode}, as many as allowed";
            _letGo[uid] = sourceNode;
            return null;
        }
    }

    /// <summary>It has ended, or is gone.</summary>
    public void Ended(string uid)
    {
        lock (_gate)
            _letGo.Remove(uid);
    }

    private static bool IsUnderWay(VirtualMachineInstanceMigration migration) =>
        !migration.IsFinal && migration.Status?.Phase is not (null or "" or MigrationJobPhase.Pending);
}
