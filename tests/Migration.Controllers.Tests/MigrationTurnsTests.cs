using Migration.Api;
using Migration.Controllers.Migrations;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class MigrationTurnsTests
{
    [Fact]
    public void As_many_go_as_the_cluster_allows()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 2, OutboundPerNode = 9 });

        Assert.Null(turns.Ask("1", "a", []));
        Assert.Null(turns.Ask("2", "b", []));
        Assert.Equal("2 migrations are under way in the cluster, as many as allowed", turns.Ask("3", "c", []));
        turns.Ended("1");
        Assert.Null(turns.Ask("3", "c", []));
    }

    [Fact]
    public void As_many_leave_a_node_as_are_allowed()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 9, OutboundPerNode = 1 });

        Assert.Null(turns.Ask("1", "a", []));
        Assert.Equal("1 migrations leave node a, as many as allowed", turns.Ask("2", "a", []));
        Assert.Null(turns.Ask("2", "b", []));
    }

    [Fact]
    public void Asking_again_is_asking_once() => Assert.All(Enumerable.Range(0, 3), _ => Assert.Null(Single.Ask("1", "a", [])));

    [Fact]
    public void What_another_process_let_go_counts_too()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 1 });

        Assert.NotNull(turns.Ask("1", "a", [Job(MigrationJobPhase.Running)]));
        Assert.Null(turns.Ask("1", "a", [Job(MigrationJobPhase.Pending), Job(MigrationJobPhase.Succeeded)]));
    }

    private static readonly MigrationTurns Single = new(new MigrationLimits { ParallelPerCluster = 1 });
}
