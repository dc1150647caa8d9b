using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>The spec's NICs and the machine's → the one thing to do, and what is left to a restart.</summary>
public sealed class LiveNetworksTests
{
    private const string Blue = "podf00000000000";
    private static readonly string BlueNic = PodInterfaceNames.Hashed("blue");

    /// <summary>The spec's second NIC, who attaches, NICs the pod has told of, machine's second NIC → action.</summary>
    public static TheoryData<string, string, string, string, string> Rows() => new()
    {
        { "bridge", "node", "", "none", "AnnotatePod" },
        { "bridge", "node", "asked", "none", "PlugInterface" },
        { "bridge", "node", "asked", "planned", "Wait" },
        { "bridge", "node", "asked", "attached", "Wait" },
        { "bridge", "missing", "", "none", "Wait" },
        { "bridge", "missing", "asked", "attached", "Wait" },
        { "bridge", "multus", "", "none", "AnnotatePod" },
        { "bridge", "multus", "asked", "none", "Wait" },
        { "bridge", "multus", "asked told", "none", "PlugInterface" },
        { "bridge", "multus", "asked told", "attached", "Wait" },
        // Given up while it was being unplugged: first it goes, then it comes back.
        { "bridge", "node", "asked", "leaving", "Wait" },
        { "absent", "node", "asked", "attached", "UnplugInterface" },
        { "absent", "node", "asked", "planned", "UnplugInterface" },
        { "absent", "node", "asked", "leaving", "Wait" },
        { "absent", "node", "asked", "none", "AnnotatePod" },
        { "absent", "node", "", "none", "RemoveNetworks" },
        { "absent", "multus", "asked told", "none", "AnnotatePod" },
        { "absent", "multus", "told", "none", "RemoveNetworks" },
        { "down", "node", "asked", "attached", "SetLinkState" },
        { "down", "node", "asked", "attached down", "Wait" },
        { "bridge", "node", "asked", "attached down", "SetLinkState" },
        { "absent", "node", "asked", "attached down", "UnplugInterface" },
        // Only a bridge can come.
        { "managedTap", "node", "", "none", "Wait" },
        { "managedTap", "node", "asked", "attached", "Wait" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void What_differs_decides(string spec, string attacher, string pod, string machine, string action) =>
        Assert.Equal(action, Next(Observed(spec, attacher, pod, machine)).Action.GetType().Name);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Nothing_is_touched_from_when_a_target_is_made_ready(string spec, string attacher, string pod, string machine, string action)
    {
        var observed = Observed(spec, attacher, pod, machine);

        foreach (var phase in new[] { MigrationJobPhase.Scheduling, MigrationJobPhase.PreparingTarget, MigrationJobPhase.TargetReady, MigrationJobPhase.Running, MigrationJobPhase.Succeeded })
            Assert.IsType<InstanceAction.Wait>(Next(observed with { Migrations = [Job(phase)] }).Action);
        Assert.Equal(action, Next(observed with { Migrations = [Job(MigrationJobPhase.Pending)] }).Action.GetType().Name);
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void Looking_twice_changes_nothing(string spec, string attacher, string pod, string machine, string action)
    {
        var observed = Observed(spec, attacher, pod, machine);
        var once = Next(observed);
        var again = Next(observed with { Instance = observed.Instance with { Status = once.Status }, Now = Now.AddHours(1) });

        Assert.Equal(action, again.Action.GetType().Name);
        Assert.True(KubeVirt.Instances.Same(observed.Instance with { Status = once.Status }, observed.Instance with { Status = again.Status }));
    }

    [Theory]
    [InlineData(MachinePhase.Planned)]
    [InlineData(MachinePhase.Starting)]
    [InlineData(MachinePhase.Incoming)]
    [InlineData(MachinePhase.Moved)]
    public void A_guest_that_is_not_there_has_nothing_plugged(MachinePhase phase)
    {
        var observed = Observed("bridge", "node", "asked", "none");
        observed.CurrentMachine.Machine!.Phase = phase;

        Assert.IsType<InstanceAction.Wait>(Next(observed).Action);
    }

    [Theory]
    [InlineData("bridge", "missing", "", "none", "NetworkNotFound")]
    [InlineData("bridge", "multus", "asked", "none", "WaitingForMultus")]
    [InlineData("bridge", "missing", "asked", "attached", null)]
    [InlineData("bridge", "node", "asked", "planned", null)]
    [InlineData("absent", "missing", "asked", "attached", null)]
    public void A_nic_that_cannot_come_yet_is_told_of(string spec, string attacher, string pod, string machine, string? reason)
    {
        var synchronized = Next(Observed(spec, attacher, pod, machine)).Status.Conditions.Find(InstanceCondition.Synchronized)!;

        Assert.Equal((reason, reason is null ? Condition.True : Condition.False), (synchronized.Reason, synchronized.Status));
    }

    [Theory]
    [InlineData("bridge", "planned", "spec.domain.devices.interfaces[1]: node a: its plugin failed")]
    [InlineData("absent", "leaving", "spec.domain.devices.interfaces[1]: node a: its plugin failed")]
    [InlineData("bridge", "attached", null)]
    public void What_the_node_says_of_a_nic_on_its_way_is_told(string spec, string machine, string? message)
    {
        var observed = Observed(spec, "node", "asked", machine);
        observed.CurrentMachine.Machine!.Reason = "its plugin failed";

        Assert.Equal(message, Next(observed).Status.Conditions.Find(InstanceCondition.Synchronized)!.Message);
    }

    public static TheoryData<string, string?> Edits() => new()
    {
        { """{"name":"default","bridge":{}}""", null },
        { """{"name":"default","bridge":{},"model":"virtio","state":"up","macAddress":"02-00-00-00-00-07"}""", null },
        { """{"name":"default","bridge":{},"ports":[{"port":80}]}""", null },
        { """{"name":"default","bridge":{},"bootOrder":1}""", null },
        { """{"name":"default","masquerade":{}}""", "spec.domain.devices.interfaces[0].masquerade" },
        { """{"name":"default","binding":{"name":"managedtap"}}""", "spec.domain.devices.interfaces[0].binding" },
        { """{"name":"default","bridge":{},"model":"e1000","macAddress":"02:00:00:00:00:08"}""", "spec.domain.devices.interfaces[0].model, spec.domain.devices.interfaces[0].macAddress" },
        { """{"name":"default","bridge":{},"dhcpOptions":{"bootFileName":"x"}}""", "spec.domain.devices.interfaces[0].dhcpOptions" },
    };

    [Theory]
    [MemberData(nameof(Edits))]
    public void What_a_running_guest_cannot_take_is_named(string nic, string? fields)
    {
        var instance = Instance("Running", $$"""{"domain":{"devices":{"interfaces":[{{nic}}]},"memory":{"guest":"64Mi"} },"networks":[{"name":"default","pod":{} }]}""");

        var condition = Next(Observed(instance, Pod(Current, "a"), Running(), ResolvedNetworks.None)).Status.Conditions.Find(InstanceCondition.RestartRequired);

        Assert.Equal(fields is null ? null : "takes effect with a restart: " + fields, condition?.Message);
    }

    [Fact]
    public void A_nic_that_is_taken_out_of_the_spec_without_being_unplugged_is_named()
    {
        var machine = Running(new Protos.Interface { Name = "blue", PodInterface = Blue });

        var step = Next(Observed(Instance("Running"), Pod(Current, "a"), machine, ResolvedNetworks.None));

        Assert.Equal("takes effect with a restart: spec.domain.devices.interfaces[blue]", step.Status.Conditions.Find(InstanceCondition.RestartRequired)!.Message);
    }

    [Fact]
    public void A_nic_that_is_named_by_its_order_stays()
    {
        var observed = Observed("absent", "multus", "", "none");
        var pod = observed.Pods[0] with { Metadata = observed.Pods[0].Metadata.WithAnnotation(Annotations.NetworkStatus, """[{"interface":"eth0","default":true},{"interface":"net1"}]""").WithAnnotation(Annotations.Networks, """[{"name":"lan","interface":"net1"}]""") };
        var machine = Running(new Protos.Interface { Name = "blue", PodInterface = "net1" });

        var step = Next(Observed(observed.Instance, pod, machine, observed.Networks));

        Assert.IsType<InstanceAction.Wait>(step.Action);
        Assert.Equal("takes effect with a restart: spec.domain.devices.interfaces[1].state", step.Status.Conditions.Find(InstanceCondition.RestartRequired)!.Message);
    }

    [Fact]
    public void What_multus_wrote_stays_when_the_spec_has_no_such_network()
    {
        var pod = Pod(Current, "a");
        pod = pod with { Metadata = pod.Metadata.WithAnnotation(Annotations.NetworkStatus, """[{"name":"cbr0","interface":"eth0","default":true}]""") };

        Assert.IsType<InstanceAction.Wait>(Next(Observed(Instance("Running"), pod, Running(), ResolvedNetworks.None)).Action);
    }

    [Fact]
    public void What_the_node_told_stays_until_the_node_says_otherwise()
    {
        var observed = Observed("bridge", "node", "asked", "attached");
        var pod = observed.Pods[0] with { Metadata = observed.Pods[0].Metadata.WithAnnotation(Annotations.NetworkStatus, "[]") };

        // It was restarted, and has a network to tell of.
        Assert.IsType<InstanceAction.Wait>(Next(observed with { Pods = [pod] }).Action);
        observed.CurrentMachine.Machine!.NetworkStatus = "[{}]";
        Assert.Equal("[{}]", Assert.IsType<InstanceAction.AnnotatePod>(Next(observed with { Pods = [pod] }).Action).Annotated.Metadata.Annotation(Annotations.NetworkStatus));
    }

    private static string Current => LauncherPods.Name(Instance(), Instance().Metadata.Uid!);

    private static InstanceStep Next(InstanceObservation observed) => new InstancePlan(Launchers).Next(observed);

    private static Machine Running(params Protos.Interface[] more)
    {
        var machine = Machine(MachinePhase.Running, pod: Current).Machine!;
        machine.Interfaces.Add(new InterfaceStatus { Name = "default", PodInterface = "eth0", Mac = "02:00:00:00:00:07", LinkState = LinkState.Up, Plugged = true });
        foreach (var nic in more)
        {
            machine.Plan.Interfaces.Add(nic);
            machine.Interfaces.Add(new InterfaceStatus { Name = nic.Name, PodInterface = nic.PodInterface, LinkState = LinkState.Up });
        }
        return machine;
    }

    private static InstanceObservation Observed(VirtualMachineInstance instance, Pod pod, Machine machine, ResolvedNetworks networks) => new()
    {
        Instance = instance,
        Pods = [pod],
        Machines = new Dictionary<string, MachineView> { [pod.Uid] = MachineView.Of(machine) },
        Networks = networks,
        Now = Now,
    };

    private static InstanceObservation Observed(string spec, string attacher, string pod, string machine)
    {
        var binding = spec == "managedTap" ? "\"binding\":{\"name\":\"managedTap\"}" : "\"bridge\":{}";
        var state = spec is "absent" or "down" ? $",\"state\":\"{spec}\"" : "";
        var instance = Instance("Running", $$"""
            {"domain":{"devices":{"interfaces":[{"name":"default","bridge":{} },{"name":"blue",{{binding}}{{state}} }]},"memory":{"guest":"64Mi"} },
             "networks":[{"name":"default","pod":{} },{"name":"blue","multus":{"networkName":"lan"} }]}
            """);
        var running = Pod(Current, "a");
        if (pod.Contains("asked", StringComparison.Ordinal))
            running = running with { Metadata = running.Metadata.WithAnnotation(Annotations.Networks, $$"""[{"name":"lan","namespace":"default","interface":"{{BlueNic}}"}]""") };
        if (pod.Contains("told", StringComparison.Ordinal))
            running = running with { Metadata = running.Metadata.WithAnnotation(Annotations.NetworkStatus, $$"""[{"interface":"eth0","default":true},{"interface":"{{BlueNic}}"}]""") };
        var networks = new ResolvedNetworks
        {
            ByNode = attacher != "multus",
            ByMultus = attacher == "multus",
            Delegates = attacher == "node" ? new Dictionary<string, Protos.Delegate> { ["blue"] = new() { Name = "default/lan" } } : new Dictionary<string, Protos.Delegate>(),
            Problems = attacher == "missing" && spec != "absent" ? new Dictionary<string, NetworkProblem> { ["blue"] = new("NetworkNotFound", "spec.networks[1]: gone") } : new Dictionary<string, NetworkProblem>(),
        };
        return Observed(instance, running, WithBlue(machine, spec), networks);
    }

    private static Machine WithBlue(string second, string spec)
    {
        var (machine, nic) = (Running(), new Protos.Interface { Name = "blue", PodInterface = BlueNic, Binding = spec == "managedTap" ? Binding.ManagedTap : Binding.Bridge, Delegate = new() { Name = "default/lan" } });
        if (second is "planned" or "attached" or "attached down")
            machine.Plan.Interfaces.Add(nic);
        if (second is "leaving" or "attached" or "attached down")
            machine.Interfaces.Add(new InterfaceStatus { Name = "blue", PodInterface = BlueNic, Plugged = true, LinkState = second == "attached down" ? LinkState.Down : LinkState.Up });
        return machine;
    }
}
