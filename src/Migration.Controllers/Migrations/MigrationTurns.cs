namespace Migration.Controllers.Migrations;

/// <summary>
/// Whose turn it is to leave a node, and to arrive at one. Counts the migrations that the API server shows to be under
/// way, and those that were let go a moment ago and do not show yet.
/// </summary>
public sealed class MigrationTurns(MigrationLimits limits)
{
    /// <summary>Protects the dictionaries, and makes counting and letting go one act.</summary>
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _leaving = [];
    private readonly Dictionary<string, string> _arriving = [];

    /// <summary>Lets this migration go, or says why it has to wait.</summary>
    /// <param name="mover">Who asks.</param>
    /// <param name="underWay">Those that are past their turn.</param>
    /// <param name="waiting">Others that wait for theirs, and for nothing else.</param>
    public string? AskToLeave(Mover mover, IEnumerable<Mover> underWay, IEnumerable<Mover> waiting)
    {
        lock (_gate)
        {
            var leaving = new Dictionary<string, string>(_leaving);
            foreach (var other in underWay)
                leaving[other.Uid] = other.SourceNode;
            leaving.Remove(mover.Uid);
            if (Obstacle(leaving, mover) is { } full)
                return full;
            // Places that those before it are about to take are not free.
            foreach (var better in waiting.Where(other => other.Uid != mover.Uid && other.GoesBefore(mover) && !leaving.ContainsKey(other.Uid)).OrderBy(Mover.Rank))
            {
                if (Obstacle(leaving, better) is null)
                    leaving[better.Uid] = better.SourceNode;
            }
            if (Obstacle(leaving, mover) is not null)
                return "migrations that are more urgent, or older, go first";
            _leaving[mover.Uid] = mover.SourceNode;
            return null;
        }
    }

    /// <summary>Lets the guest come to this node, or says why it has to wait.</summary>
    /// <param name="uid">Of the migration that asks.</param>
    /// <param name="node">Where to.</param>
    /// <param name="arriving">Migrations that a node is being prepared for, or that are being copied, by UID with their nodes.</param>
    public string? AskToArrive(string uid, string node, IEnumerable<KeyValuePair<string, string>> arriving)
    {
        lock (_gate)
        {
            var all = new Dictionary<string, string>(_arriving);
            foreach (var (other, where) in arriving)
                all[other] = where;
            all.Remove(uid);
            if (all.Values.Count(where => where == node) is var there && there >= limits.InboundPerNode)
                return $"{there} migrations arrive at node {node}, as many as allowed";
            _arriving[uid] = node;
            return null;
        }
    }

    /// <summary>It has ended, or is gone.</summary>
    public void Ended(string uid)
    {
        lock (_gate)
        {
            _leaving.Remove(uid);
            _arriving.Remove(uid);
        }
    }

    private string? Obstacle(Dictionary<string, string> leaving, Mover mover)
    {
        if (leaving.Count >= limits.ParallelPerCluster)
            return $"{leaving.Count} migrations are under way in the cluster, as many as allowed";
        return leaving.Values.Count(node => node == mover.SourceNode) is var from && from >= limits.OutboundPerNode
            ? $"{from} migrations leave node {mover.SourceNode}, as many as allowed"
            : null;
    }
}
