using Migration.Api;
using Migration.Controllers.Migrations;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class MigrationTurnsTests
{
    private const string Evacuation = MigrationPriority.SystemCritical;
    private const string Maintenance = MigrationPriority.SystemMaintenance;

    [Fact]
    public void As_many_go_as_the_cluster_allows()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 2, OutboundPerNode = 9 });

        Assert.Null(turns.AskToLeave(One("1", "a"), [], []));
        Assert.Null(turns.AskToLeave(One("2", "b"), [], []));
        Assert.Equal("2 migrations are under way in the cluster, as many as allowed", turns.AskToLeave(One("3", "c"), [], []));
        turns.Ended("1");
        Assert.Null(turns.AskToLeave(One("3", "c"), [], []));
    }

    [Fact]
    public void As_many_leave_a_node_as_are_allowed()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 9, OutboundPerNode = 1 });

        Assert.Null(turns.AskToLeave(One("1", "a"), [], []));
        Assert.Equal("1 migrations leave node a, as many as allowed", turns.AskToLeave(One("2", "a"), [], []));
        Assert.Null(turns.AskToLeave(One("2", "b"), [], []));
    }

    [Fact]
    public void As_many_arrive_at_a_node_as_are_allowed()
    {
        var turns = new MigrationTurns(new MigrationLimits { InboundPerNode = 2 });

        Assert.Null(turns.AskToArrive("1", "b", []));
        Assert.Null(turns.AskToArrive("2", "c", []));
        Assert.Equal("2 migrations arrive at node b, as many as allowed", turns.AskToArrive("3", "b", [KeyValuePair.Create("another process's", "b")]));
        Assert.Null(turns.AskToArrive("3", "b", []));
        Assert.NotNull(turns.AskToArrive("4", "b", []));
        turns.Ended("1");
        Assert.Null(turns.AskToArrive("4", "b", []));
    }

    [Fact]
    public void Asking_again_is_asking_once()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 1, InboundPerNode = 1 });

        Assert.All(Enumerable.Range(0, 3), _ => Assert.Null(turns.AskToLeave(One("1", "a"), [One("1", "a")], [One("1", "a")])));
        Assert.All(Enumerable.Range(0, 3), _ => Assert.Null(turns.AskToArrive("1", "b", [KeyValuePair.Create("1", "b")])));
    }

    [Fact]
    public void What_another_process_let_go_counts_too()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 1 });

        Assert.NotNull(turns.AskToLeave(One("1", "a"), [One("2", "b")], []));
        Assert.Null(turns.AskToLeave(One("1", "a"), [], []));
    }

    /// <summary>Priority and age of the one that asks, of the one that waits → whether the one that asks goes before it.</summary>
    [Theory]
    [InlineData(Evacuation, 0, null, 9, true)]
    [InlineData(null, 9, Evacuation, 0, false)]
    [InlineData(null, 0, Maintenance, 9, true)]
    [InlineData(Maintenance, 9, MigrationPriority.UserTriggered, 0, false)]
    [InlineData(null, 0, MigrationPriority.UserTriggered, 9, false)]
    [InlineData(null, 9, MigrationPriority.UserTriggered, 0, true)]
    [InlineData(Evacuation, 0, Evacuation, 9, false)]
    public void The_last_place_is_for_the_more_urgent_then_for_the_older(string? priority, int age, string? others, int othersAge, bool goes)
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 1 });

        var answer = turns.AskToLeave(One("1", "a", priority, age), [], [One("2", "b", others, othersAge)]);

        Assert.Equal(goes ? null : "migrations that are more urgent, or older, go first", answer);
    }

    [Fact]
    public void Whoever_could_not_go_anyway_keeps_nobody_from_going()
    {
        var turns = new MigrationTurns(new MigrationLimits { ParallelPerCluster = 3, OutboundPerNode = 1 });

        // Two evacuations wait for node a's only place, and for nothing else: one is let go, the other cannot.
        var waiting = new[] { One("2", "a", Evacuation, 9), One("3", "a", Evacuation, 8) };

        Assert.Null(turns.AskToLeave(One("1", "b"), [One("0", "a")], waiting));
        Assert.Null(turns.AskToLeave(One("4", "c"), [], waiting));
    }

    private static Mover One(string uid, string node, string? priority = null, int age = 0) => new(uid, node, priority, Now - TimeSpan.FromSeconds(age));
}
