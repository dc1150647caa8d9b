using Migration.Node.Machines;
using Migration.Node.Networks;

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
        foreach (var changed in new[] { Plan with { MemoryBytes = 2 << 20 }, Plan with { Cores = 2 }, Plan with { MachineType = "pc-q35-7.1" } })
            Assert.Equal(Refusal.NotNow, Assert.Throws<RefusedException>(() => Replan.Of(Started, changed)).Refusal);
    }

    [Fact]
    public void Interface_that_is_new_waits_for_a_slot_and_one_that_is_missing_leaves()
    {
        var record = Started with { Plan = Plan with { Interfaces = [new() { Name = "default", Slot = 0 }, new() { Name = "lan", PodInterface = "net1", Slot = 1 }] } };
        var changed = Replan.Of(record, Plan with { Interfaces = [new() { Name = "default" }, new() { Name = "wan", PodInterface = "net2", Slot = 7 }] });

        Assert.Equal([("default", 0), ("wan", null)], changed.Plan.Interfaces.Select(nic => (nic.Name, nic.Slot)));
        Assert.Equal([("lan", 1)], changed.Leaving.Select(nic => (nic.Name, nic.Slot)));
        Assert.Same(changed, Replan.Of(changed, Plan with { Interfaces = [new() { Name = "default" }, new() { Name = "wan", PodInterface = "net2" }] }));
    }

    [Fact]
    public void Link_state_may_change_while_it_runs()
    {
        var changed = Replan.Of(Started, Plan with { Interfaces = [new() { Name = "default", LinkState = LinkState.Down }] });
        Assert.Equal(LinkState.Down, changed.Plan.Interfaces[0].LinkState);
        Assert.Empty(changed.Leaving);
    }

    [Fact]
    public void What_an_interface_was_made_from_may_be_named_afterwards_or_told_anew()
    {
        var record = Started with { Plan = Plan with { Interfaces = [new() { Name = "default", Slot = 3, Delegate = new() { Name = "ns/lan", Configuration = "{}" } }] } };
        var told = new InterfacePlan { Name = "default", Mac = "02:00:00:00:00:01", Lease = new() { Mac = "02:00:00:00:00:01" }, Delegate = new() { Name = "ns/lan", Configuration = "{ }" } };
        Assert.Same(record, Replan.Of(record, Plan with { Interfaces = [told] }));
    }

    [Fact]
    public void Interface_is_not_made_into_another_one_while_it_runs()
    {
        InterfacePlan[] others = [new() { Name = "default", PodInterface = "net1" }, new() { Name = "default", Model = "e1000" }, new() { Name = "default", Queues = 2 }, new() { Name = "default", Binding = BindingKind.Masquerade }];
        foreach (var other in others)
            Assert.Contains("default", Assert.Throws<RefusedException>(() => Replan.Of(Started, Plan with { Interfaces = [other] })).Message);
    }
}
