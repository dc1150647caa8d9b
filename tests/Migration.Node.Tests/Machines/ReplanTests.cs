using Migration.Node.Machines;

namespace Migration.Node.Tests.Machines;

public sealed class ReplanTests
{
    private static readonly MachinePlan Plan = new() { Id = "m", Pod = new("ns", "pod", "uid"), MemoryBytes = 1 << 30, Interfaces = [new() { Name = "default" }] };
    private static readonly MachineRecord Started = new() { Plan = Plan, LaunchId = "l", MachineType = "pc-q35-7.2", CpuModel = "qemu64-v1", Accelerator = Accelerator.Tcg };

    [Fact]
    public void Same_plan_changes_nothing() => Assert.Same(Started, Replan.Of(Started, Plan with { Interfaces = [new() { Name = "default" }] }));

    [Fact]
    public void Plan_is_free_until_the_machine_is_launched()
    {
        var waiting = new MachineRecord { Plan = Plan };
        Assert.Equal(2 << 20, Replan.Of(waiting, Plan with { MemoryBytes = 2 << 20 }).Plan.MemoryBytes);
    }

    [Fact]
    public void What_the_node_chose_may_be_named_afterwards() =>
        Assert.Same(Started, Replan.Of(Started, Plan with { MachineType = "pc-q35-7.2", CpuModel = "qemu64-v1", Accelerator = Accelerator.Tcg }));

    [Fact]
    public void Grace_period_may_change_while_it_runs() =>
        Assert.Equal(TimeSpan.FromSeconds(7), Replan.Of(Started, Plan with { GracePeriod = TimeSpan.FromSeconds(7) }).Plan.GracePeriod);

    [Fact]
    public void Anything_else_is_refused_while_it_runs()
    {
        foreach (var changed in new[] { Plan with { MemoryBytes = 2 << 20 }, Plan with { Cores = 2 }, Plan with { MachineType = "pc-q35-7.1" }, Plan with { Interfaces = [] } })
            Assert.Equal(Refusal.NotNow, Assert.Throws<RefusedException>(() => Replan.Of(Started, changed)).Refusal);
    }
}
