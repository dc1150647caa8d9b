using Migration.Node.Machines;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Machines;

/// <summary>The table of a NIC's life: what is wanted × what was seen → what is done next.</summary>
public sealed class InterfaceStepTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddDays(20000);
    private static readonly InterfacePlan First = new() { Name = "default", Slot = 0 };
    private static readonly InterfacePlan Second = new() { Name = "lan", PodInterface = "net1" };
    private static readonly MachineRecord Wanted = new()
    {
        Plan = new() { Id = "m", Pod = new("ns", "pod", "uid"), MemoryBytes = 1, Interfaces = [First, Second] },
        LaunchId = "l",
    };

    private static readonly MachineObservation Running = new()
    {
        Attached = true,
        Launcher = LauncherView.Running,
        Guest = GuestState.Running,
        Now = Now,
        Interfaces = new() { Cards = [new("default", LinkState.Up)], Bound = new HashSet<string> { "default" } },
    };

    [Fact]
    public void Nic_whose_pod_nic_is_not_there_is_waited_for()
    {
        Assert.Null(InterfaceStep.WhileRunning(Wanted, Running));
        Assert.Equal("interface lan waits for pod NIC net1", Assert.IsType<MachineStep.Stay>(MachineStep.Next(Wanted, Running)).Reason);
        Assert.Equal("", Assert.IsType<MachineStep.Stay>(MachineStep.Next(Wanted, Has("default", "lan"))).Reason);
    }

    [Fact]
    public void Pod_nic_that_appears_is_bound_then_plugged_then_left_alone()
    {
        Assert.IsType<InterfaceStep.Bind>(InterfaceStep.WhileRunning(Wanted, Running with { Interfaces = Running.Interfaces with { Bindable = Names("lan") } }));
        Assert.IsType<InterfaceStep.Plug>(InterfaceStep.WhileRunning(Wanted, Running with { Interfaces = Running.Interfaces with { Bound = Names("default", "lan") } }));
        Assert.Null(InterfaceStep.WhileRunning(Wanted, Has("default", "lan")));
    }

    [Fact]
    public void Carrier_is_set_when_it_is_not_known_to_be_as_wanted()
    {
        var down = Wanted with { Plan = Wanted.Plan with { Interfaces = [First with { LinkState = LinkState.Down }] } };
        Assert.IsType<InterfaceStep.SetLink>(InterfaceStep.WhileRunning(down, Running));
        Assert.IsType<InterfaceStep.SetLink>(InterfaceStep.BeforeRun(down, Running with { Guest = GuestState.Prelaunch }));
        Assert.IsType<InterfaceStep.SetLink>(InterfaceStep.WhileRunning(Wanted, Running with { Interfaces = Running.Interfaces with { Cards = [new("default", null)] } }));
        Assert.Null(InterfaceStep.BeforeRun(Wanted, Running with { Interfaces = Running.Interfaces with { Cards = [new("default", null)] } }));
    }

    [Fact]
    public void Guest_is_asked_to_let_go_again_and_again_but_not_at_once()
    {
        var leaving = Wanted with { Plan = Wanted.Plan with { Interfaces = [First] }, Leaving = [Second with { Slot = 1 }] };
        var seen = Has("default", "lan");
        Assert.IsType<InterfaceStep.Ask>(InterfaceStep.WhileRunning(leaving, seen));
        Assert.Null(InterfaceStep.WhileRunning(leaving, Asked(seen, Now - InterfaceStep.AskAgain + TimeSpan.FromTicks(1))));
        Assert.IsType<InterfaceStep.Ask>(InterfaceStep.WhileRunning(leaving, Asked(seen, Now - InterfaceStep.AskAgain)));
        Assert.Null(InterfaceStep.WhileRunning(leaving, seen with { Guest = GuestState.Paused }));
        Assert.Contains("lan: the guest has not let go", InterfaceStep.Outstanding(leaving, seen));
        Assert.IsType<InterfaceStep.Drop>(InterfaceStep.WhileRunning(leaving, Running));
    }

    [Fact]
    public void Nic_of_the_same_name_or_pod_nic_waits_until_its_predecessor_is_gone()
    {
        var seen = Running with { Interfaces = Running.Interfaces with { Bound = Names("default", "lan"), Cards = [new("default", LinkState.Up), new("old", LinkState.Up)] } };
        Assert.Null(InterfaceStep.WhileRunning(Wanted with { Leaving = [new() { Name = "old", PodInterface = "net1", Slot = 1 }] }, Asked(seen, Now, "old")));
        Assert.IsType<InterfaceStep.Plug>(InterfaceStep.WhileRunning(Wanted with { Leaving = [new() { Name = "old", PodInterface = "net2", Slot = 1 }] }, Asked(seen, Now, "old")));
    }

    [Fact]
    public void One_pod_nic_is_made_or_removed_at_a_time_and_guests_are_served_meanwhile()
    {
        var record = Wanted with
        {
            Plan = Wanted.Plan with { Interfaces = [First with { LinkState = LinkState.Down }, Second, new() { Name = "third", PodInterface = "net2" }] },
            Leaving = [new() { Name = "old", PodInterface = "net3", Slot = 5 }],
        };
        var seen = Running with { Interfaces = Running.Interfaces with { AtWork = "third", Bindable = Names("lan", "third") } };
        Assert.IsType<InterfaceStep.SetLink>(InterfaceStep.WhileRunning(record, seen));
        Assert.Null(InterfaceStep.WhileRunning(record with { Plan = Wanted.Plan }, seen));
        Assert.IsType<InterfaceStep.Drop>(InterfaceStep.WhileRunning(record, seen with { Interfaces = seen.Interfaces with { AtWork = null } }));
        Assert.Null(InterfaceStep.BeforeLaunch(Wanted, seen));
    }

    [Fact]
    public void Nic_that_makes_trouble_rests_and_does_not_keep_the_others_waiting()
    {
        var three = Wanted with { Plan = Wanted.Plan with { Interfaces = [First, Second, new() { Name = "third", PodInterface = "net2" }] } };
        var seen = Running with
        {
            Interfaces = Running.Interfaces with
            {
                Bound = Names("default", "lan", "third"),
                Resting = new Dictionary<string, DateTimeOffset> { ["lan"] = Now.AddSeconds(1) },
            },
        };
        Assert.Equal("third", Assert.IsType<InterfaceStep.Plug>(InterfaceStep.WhileRunning(three, seen)).Nic.Name);
        Assert.Equal("lan", Assert.IsType<InterfaceStep.Plug>(InterfaceStep.WhileRunning(three, seen with { Now = Now.AddSeconds(1) })).Nic.Name);
    }

    [Fact]
    public void Machine_that_waits_for_its_network_binds_what_is_found_once_the_launcher_proves_that_cni_is_through()
    {
        var fresh = Wanted with { LaunchId = null };
        var seen = new MachineObservation { Launcher = LauncherView.Waiting, Interfaces = new() { Bindable = Names("lan") } };
        Assert.IsType<InterfaceStep.Bind>(Assert.IsType<MachineStep.Tend>(MachineStep.Next(fresh, seen)).Step);
        Assert.IsType<MachineStep.Stay>(MachineStep.Next(fresh, seen with { Launcher = LauncherView.NotYet }));
    }

    [Fact]
    public void Started_machine_whose_new_nic_is_not_there_runs_on()
    {
        Assert.Equal(MachinePhase.Running, Assert.IsType<MachineStep.Stay>(MachineStep.Next(Wanted, Running with { Attached = false })).Phase);
        Assert.IsType<MachineStep.Run>(MachineStep.Next(Wanted, Running with { Attached = false, Guest = GuestState.Prelaunch }));
    }

    [Fact]
    public void Nothing_changes_while_a_migration_owns_the_guest()
    {
        var leaving = Wanted with { Leaving = [new() { Name = "old", PodInterface = "net2", Slot = 1 }] };
        Assert.IsType<MachineStep.Stay>(MachineStep.Next(leaving, Running with { MigrationId = "mig" }));
    }

    private static MachineObservation Has(params string[] names) =>
        Running with { Interfaces = new() { Bound = Names(names), Cards = [.. names.Select(name => new GuestCard(name, LinkState.Up))] } };

    private static MachineObservation Asked(MachineObservation seen, DateTimeOffset when, string name = "lan") =>
        seen with { Interfaces = seen.Interfaces with { Asked = new Dictionary<string, DateTimeOffset> { [name] = when } } };

    private static HashSet<string> Names(params string[] names) => [.. names];
}
