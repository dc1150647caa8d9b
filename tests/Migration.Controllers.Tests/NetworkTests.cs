using System.Text.Json.Nodes;
using Migration.Api;
using Migration.Controllers.Networks;
using Migration.Controllers.Tests.Lab;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests;

/// <summary>Instances on networks of all sorts, against a real API server and nodes behind real gRPC.</summary>
public sealed class NetworkTests
{
    private static readonly string Blue = PodInterfaceNames.Hashed("blue");

    [Fact]
    public async Task A_network_beside_the_pods_is_attached_by_the_node_and_told_as_multus_tells_it()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));

        var instance = await lab.InstanceAsync("vm", InstancePhase.Running);

        var machine = Assert.Single(lab.A.Machines);
        Assert.Equal([("default", "eth0"), ("blue", Blue)], machine.Plan.Interfaces.Select(nic => (nic.Name, nic.PodInterface)));
        Assert.Null(machine.Plan.Interfaces[0].Delegate);
        Assert.Equal(("default/lan", ControllerLab.Bridge("lan")), (machine.Plan.Interfaces[1].Delegate.Name, machine.Plan.Interfaces[1].Delegate.Configuration));
        var pod = await lab.PodOfAsync("vm", pod => pod.Metadata.Annotation(Annotations.NetworkStatus) is not null, "told its networks");
        AssertJson($$"""[{"name":"lan","namespace":"default","interface":"{{Blue}}"}]""", pod.Metadata.Annotation(Annotations.Networks));
        AssertJson(
            $$"""
            [{"name":"cbr0","interface":"eth0","ips":["10.244.1.7"],"mac":"02:00:00:00:00:07","default":true,"dns":{} },
             {"name":"default/lan","interface":"{{Blue}}","mac":"02:00:00:00:01:07","dns":{} }]
            """,
            pod.Metadata.Annotation(Annotations.NetworkStatus));
        instance = await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces![1].InfoSource == "domain, multus-status", "told by both");
        Assert.Equal([("default", "eth0", "10.244.1.7"), ("blue", Blue, null)], instance.Status!.Interfaces!.Select(nic => (nic.Name, nic.PodInterfaceName, nic.IpAddress)));
    }

    [Fact]
    public async Task A_guest_with_no_pod_network_has_no_binding_annotated_and_its_networks_all_the_same()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["blue=lan"]));

        await lab.InstanceAsync("vm", InstancePhase.Running);

        Assert.Equal([("blue", Blue)], Assert.Single(lab.A.Machines).Plan.Interfaces.Select(nic => (nic.Name, nic.PodInterface)));
        Assert.Null((await lab.PodOfAsync("vm")).Metadata.Annotation(Annotations.Interface));
    }

    [Fact]
    public async Task The_same_network_twice_is_two_nics()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan", "green=lan"]));

        await lab.InstanceAsync("vm", InstancePhase.Running);

        var plan = Assert.Single(lab.A.Machines).Plan;
        Assert.Equal(["default/lan", "default/lan"], plan.Interfaces.Skip(1).Select(nic => nic.Delegate.Name));
        Assert.Equal([Blue, PodInterfaceNames.Hashed("green")], PodNetworks.Selections(await lab.PodOfAsync("vm")).Select(selection => selection.Interface));
    }

    [Fact]
    public async Task A_missing_network_is_named_and_the_guest_starts_when_it_appears()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));

        var waiting = await lab.InstanceAsync("vm", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Synchronized)?.Status == Condition.False, "not synchronized");
        Assert.Equal(InstancePhase.Pending, waiting.Status!.Phase);
        var (ready, synchronized) = (waiting.Status.Conditions.Find(InstanceCondition.Ready)!, waiting.Status.Conditions.Find(InstanceCondition.Synchronized)!);
        Assert.Equal(("NetworkNotFound", "spec.networks[1]: there is no NetworkAttachmentDefinition default/lan"), (synchronized.Reason, synchronized.Message));
        Assert.Equal((Condition.False, synchronized.Reason, synchronized.Message), (ready.Status, ready.Reason, ready.Message));
        Assert.Empty(await lab.Pods.ListAsync(ListOptions.All, CancellationToken.None));
        await lab.RestartControllersAsync();
        await lab.CreateNetworkAsync("lan");

        var running = await lab.InstanceAsync("vm", InstancePhase.Running);
        Assert.True(running.Status!.Conditions.IsTrue(InstanceCondition.Synchronized));
        Assert.True(running.Status.Conditions.IsTrue(InstanceCondition.Ready));
    }

    [Theory]
    [InlineData("{", "is not JSON: ")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("""{"name":"lan"}""", "has neither type nor plugins")]
    [InlineData("""{"name":"lan","plugins":[]}""", "has plugins that are not")]
    [InlineData("""{"name":"lan","plugins":[{"type":"bridge"},{}]}""", "has plugins that are not")]
    public async Task A_network_whose_configuration_makes_no_sense_is_named(string config, string mistake)
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan", config: config);
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));

        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Synchronized)?.Reason == "NetworkInvalid", "not synchronized");

        Assert.StartsWith(
            "spec.networks[1]: spec.config of NetworkAttachmentDefinition default/lan " + mistake,
            instance.Status!.Conditions.Find(InstanceCondition.Synchronized)!.Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_network_of_another_namespace_is_had_unless_networks_are_isolated()
    {
        await using var lab = await ControllerLab.StartAsync();
        await lab.Client.For(Kinds.Namespaces).CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "infra" } }, CancellationToken.None);
        await lab.Client.For(Kinds.Namespaces).CreateAsync(new Namespace { Metadata = new ObjectMeta { Name = "shared" } }, CancellationToken.None);
        await lab.CreateNetworkAsync("lan", "infra");
        await lab.CreateNetworkAsync("lan", "shared");
        lab.StartControllers();
        await lab.CreateInstanceAsync("open", Spec(["default", "blue=infra/lan"]));
        await lab.InstanceAsync("open", InstancePhase.Running);
        await lab.StopControllersAsync();

        lab.Networks = new AttachmentPolicy { IsIsolated = true, GlobalNamespaces = ["shared"] };
        lab.StartControllers();
        await lab.CreateInstanceAsync("shut", Spec(["default", "blue=infra/lan"]));
        await lab.CreateInstanceAsync("global", Spec(["default", "blue=shared/lan"]));

        var shut = await lab.InstanceAsync("shut", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Synchronized)?.Status == Condition.False, "not synchronized");
        Assert.Equal("NetworkNotAllowed", shut.Status!.Conditions.Find(InstanceCondition.Synchronized)!.Reason);
        await lab.InstanceAsync("global", InstancePhase.Running);
        // A policy does not take from a guest what it has.
        Assert.Equal(InstancePhase.Running, (await lab.InstanceAsync("open", _ => true, "there")).Status!.Phase);
    }

    [Fact]
    public async Task Another_network_in_the_place_of_the_pods_is_made_by_the_node_beside_the_pods_own_nic()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", Spec(["blue=lan!", "green=lan"]));
        var waiting = await lab.InstanceAsync("vm", vmi => vmi.Status?.Conditions.Find(InstanceCondition.Synchronized)?.Status == Condition.False, "not synchronized");
        Assert.Equal("spec.networks[0]: there is no NetworkAttachmentDefinition default/lan", waiting.Status!.Conditions.Find(InstanceCondition.Synchronized)!.Message);

        await lab.CreateNetworkAsync("lan");

        await lab.InstanceAsync("vm", InstancePhase.Running);
        var plan = Assert.Single(lab.A.Machines).Plan;
        Assert.Equal([("blue", Blue, "default/lan", true), ("green", PodInterfaceNames.Hashed("green"), "default/lan", false)],
            plan.Interfaces.Select(nic => (nic.Name, nic.PodInterface, nic.Delegate.Name, nic.Delegate.Primary)));
        Assert.Null((await lab.PodOfAsync("vm")).Metadata.Annotation(Annotations.Interface));
        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status?.Interfaces is [{ InfoSource: "domain, multus-status" }, ..], "told by both");
        Assert.Equal(["blue", "green"], instance.Status!.Interfaces!.Select(nic => nic.Name));
        Assert.Equal(Blue, instance.Status.Interfaces![0].PodInterfaceName);
    }

    [Fact]
    public async Task With_multus_another_network_in_the_place_of_the_pods_is_its_matter()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.Networks = new AttachmentPolicy { Multus = MultusMode.External };
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", Spec(["instead=lan!"]));

        await lab.InstanceAsync("vm", InstancePhase.Running);
        var pod = await lab.PodOfAsync("vm");
        Assert.Equal(("lan", null), (pod.Metadata.Annotation(Annotations.DefaultNetwork), pod.Metadata.Annotation(Annotations.Networks)));
        var nic = Assert.Single(Assert.Single(lab.A.Machines).Plan.Interfaces);
        Assert.Equal(("instead", "eth0", null), (nic.Name, nic.PodInterface, nic.Delegate));
    }

    [Fact]
    public async Task With_multus_the_node_is_told_of_its_nics_and_makes_none()
    {
        await using var lab = await ControllerLab.StartAsync();
        await using var multus = new Multus(lab);
        lab.Networks = new AttachmentPolicy { Multus = MultusMode.External };
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"], "\"macAddress\":\"02:00:00:00:00:99\""));

        await lab.InstanceAsync("vm", InstancePhase.Running);

        Assert.All(Assert.Single(lab.A.Machines).Plan.Interfaces, nic => Assert.Null(nic.Delegate));
        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces![1].InfoSource == "domain, multus-status", "told by both");
        Assert.Equal(("blue", Blue, "10.10.0.9"), (instance.Status!.Interfaces![1].Name, instance.Status.Interfaces[1].PodInterfaceName, instance.Status.Interfaces[1].IpAddress));
        var pod = await lab.PodOfAsync("vm");
        AssertJson($$"""[{"name":"lan","namespace":"default","mac":"02:00:00:00:00:99","interface":"{{Blue}}"}]""", pod.Metadata.Annotation(Annotations.Networks));
        // Multus's own words stay.
        Assert.Equal("cbr0", PodNetworks.Statuses(pod)[0].Name);
    }

    [Fact]
    public async Task A_nic_is_plugged_in_and_unplugged_by_editing_the_instance()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.RunInstanceAsync("vm");

        await lab.EditAsync("vm", vmi => Plugged(vmi, "blue", "lan"));

        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Count == 2 && vmi.Status.Interfaces[1].InfoSource == "domain, multus-status", "two NICs");
        Assert.Equal("default/lan", Assert.Single(lab.A.Machines).Plan.Interfaces[1].Delegate.Name);
        Assert.Equal([Blue], PodNetworks.Selections(await lab.PodOfAsync("vm")).Select(selection => selection.Interface));
        Assert.Null(instance.Status!.Conditions.Find(InstanceCondition.RestartRequired));

        lab.A.HoldUnplugs = true;
        await lab.EditAsync("vm", vmi => In(vmi, "blue", InterfaceState.Absent));
        await lab.UntilAsync(() => lab.A.Calls.Contains("UnplugInterface"), "asked to let go");
        await lab.RestartControllersAsync();
        Assert.Equal(2, (await lab.InstanceAsync("vm", _ => true, "there")).Spec.Networks!.Count);
        lab.A.ReleaseUnplugs();

        instance = await lab.InstanceAsync("vm", vmi => vmi.Spec.Networks!.Count == 1, "taken out of the spec");
        Assert.Equal("default", Assert.Single(instance.Spec.Domain.Devices.Interfaces!).Name);
        var pod = await lab.PodOfAsync("vm", pod => pod.Metadata.Annotation(Annotations.NetworkStatus) is null, "told of no network");
        Assert.Null(pod.Metadata.Annotation(Annotations.Networks));
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Count == 1, "one NIC");
        Assert.Equal(1, lab.Guests.Boots(instance.Metadata.Uid!));
    }

    [Fact]
    public async Task With_multus_a_nic_is_plugged_in_once_the_pod_has_it()
    {
        await using var lab = await ControllerLab.StartAsync();
        await using var multus = new Multus(lab);
        lab.Networks = new AttachmentPolicy { Multus = MultusMode.External };
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.RunInstanceAsync("vm");
        multus.Hold = true;

        await lab.EditAsync("vm", vmi => Plugged(vmi, "blue", "lan"));

        var waiting = await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.Find(InstanceCondition.Synchronized)?.Reason == "WaitingForMultus", "waiting");
        Assert.Contains(Blue, waiting.Status!.Conditions.Find(InstanceCondition.Synchronized)!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("HotplugInterface", lab.A.Calls);
        multus.Hold = false;
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Count == 2 && vmi.Status.Conditions.IsTrue(InstanceCondition.Synchronized), "two NICs");

        await lab.EditAsync("vm", vmi => In(vmi, "blue", InterfaceState.Absent));

        await lab.InstanceAsync("vm", vmi => vmi.Spec.Networks!.Count == 1, "taken out of the spec");
        await lab.PodOfAsync("vm", pod => pod.Metadata.Annotation(Annotations.Networks) is null && PodNetworks.Statuses(pod).Count == 1, "one network");
    }

    [Fact]
    public async Task A_nic_on_a_missing_network_is_plugged_in_when_the_network_appears()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.RunInstanceAsync("vm");

        await lab.EditAsync("vm", vmi => Plugged(vmi, "blue", "lan"));
        var waiting = await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.Find(InstanceCondition.Synchronized)?.Reason == "NetworkNotFound", "waiting");
        Assert.True(waiting.Status!.Conditions.IsTrue(InstanceCondition.Ready));
        await lab.CreateNetworkAsync("lan");

        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Count == 2 && vmi.Status.Conditions.IsTrue(InstanceCondition.Synchronized), "two NICs");
    }

    [Fact]
    public async Task A_link_goes_down_and_up_by_editing_the_instance()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", Spec(["default"]));
        await lab.InstanceAsync("vm", InstancePhase.Running);

        await lab.EditAsync("vm", vmi => In(vmi, "default", InterfaceState.Down));
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces![0].LinkState == InterfaceState.Down, "down");
        await lab.RestartControllersAsync();
        await lab.EditAsync("vm", vmi => In(vmi, "default", InterfaceState.Up));
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces![0].LinkState == InterfaceState.Up, "up");

        Assert.Equal(Protos.LinkState.Up, Assert.Single(lab.A.Machines).Interfaces[0].LinkState);
        // A process that has just started may say once more what the one before it had said.
        Assert.InRange(lab.A.Calls.Count(call => call == "SetLinkState"), 2, 3);
    }

    [Fact]
    public async Task What_a_running_guest_cannot_take_is_named_until_it_is_taken_back()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateInstanceAsync("vm", Spec(["default"]));
        await lab.InstanceAsync("vm", InstancePhase.Running);

        await lab.EditAsync("vm", vmi => Edited(vmi, "default", nic => nic with { Model = "e1000e" }));

        var instance = await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.IsTrue(InstanceCondition.RestartRequired), "restart required");
        Assert.Equal("takes effect with a restart: spec.domain.devices.interfaces[0].model", instance.Status!.Conditions.Find(InstanceCondition.RestartRequired)!.Message);
        await lab.EditAsync("vm", vmi => Edited(vmi, "default", nic => nic with { Model = null }));
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.Find(InstanceCondition.RestartRequired) is null, "taken back");
    }

    [Fact]
    public async Task A_guest_keeps_its_nics_over_a_migration_and_the_target_has_its_own_networks()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateNetworkAsync("other");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));
        var instance = await lab.InstanceAsync("vm", InstancePhase.Running);
        // Another network for a NIC that is there: the guest gets it where it goes.
        await lab.EditAsync("vm", vmi => vmi with { Spec = vmi.Spec with { Networks = [vmi.Spec.Networks![0], vmi.Spec.Networks[1] with { Multus = new MultusNetwork { NetworkName = "other" } }] } });
        var changed = await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.IsTrue(InstanceCondition.MigrationRequired), "migration required");
        Assert.Equal("takes effect with a migration: spec.networks[1].multus.networkName", changed.Status!.Conditions.Find(InstanceCondition.MigrationRequired)!.Message);

        await lab.CreateMigrationAsync("move", "vm");
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        var machine = Assert.Single(lab.B.Machines);
        Assert.Equal(["default/other"], machine.Plan.Interfaces.Skip(1).Select(nic => nic.Delegate.Name));
        Assert.Equal(["02:00:00:00:00:07", "02:00:00:00:01:07"], machine.Plan.Interfaces.Select(nic => nic.Mac));
        Assert.Equal("10.244.1.7/24", Assert.Single(machine.Plan.Interfaces[0].Lease.Addresses));
        await lab.InstanceAsync("vm", vmi => vmi.Status!.Conditions.Find(InstanceCondition.MigrationRequired) is null && vmi.Status.Interfaces!.Count == 2, "in effect");
        var pod = await lab.PodOfAsync("vm", pod => PodNetworks.Statuses(pod).Count == 2, "told its networks");
        // A target is told how to bind by push alone.
        Assert.Null(pod.Metadata.Annotation(Annotations.Interface));
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task A_nic_that_is_asked_for_during_a_migration_is_plugged_in_where_the_guest_arrives()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        var instance = await lab.RunInstanceAsync("vm");
        lab.A.HoldCopies = true;
        await lab.CreateMigrationAsync("move", "vm");
        await lab.MigrationAsync("move", MigrationJobPhase.Running);

        await lab.EditAsync("vm", vmi => Plugged(vmi, "blue", "lan"));
        await lab.RestartControllersAsync();
        await lab.MigrationAsync("move", job => job.Status?.Phase == MigrationJobPhase.Running, "still running");
        lab.A.ReleaseCopies();
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        await lab.InstanceAsync("vm", vmi => vmi.Status!.Interfaces!.Count == 2, "two NICs");
        Assert.DoesNotContain("HotplugInterface", lab.A.Calls);
        await lab.AssertOnlyOnAsync(instance, lab.B);
    }

    [Fact]
    public async Task A_target_waits_for_a_network_that_is_missing()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        var lan = await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));
        await lab.InstanceAsync("vm", InstancePhase.Running);
        await lab.DeleteAsync(lab.Client.For(KubeVirt.Networks), "lan");

        await lab.CreateMigrationAsync("move", "vm");

        var waiting = await lab.MigrationAsync("move", job => job.Status?.Conditions.Find(MigrationJobCondition.Waiting)?.Message?.Contains("NetworkAttachmentDefinition", StringComparison.Ordinal) == true, "waiting");
        Assert.Contains("there is no NetworkAttachmentDefinition default/lan", waiting.Status!.Conditions.Find(MigrationJobCondition.Waiting)!.Message, StringComparison.Ordinal);
        await lab.CreateNetworkAsync("lan", config: lan.Spec!.Config);
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);
    }

    [Theory]
    [InlineData(MultusMode.BuiltIn)]
    [InlineData(MultusMode.External)]
    public async Task On_a_network_that_knows_one_mac_the_target_is_asked_for_the_guests(MultusMode mode)
    {
        await using var lab = await ControllerLab.StartAsync();
        await using var multus = mode == MultusMode.External ? new Multus(lab) : null;
        lab.Networks = new AttachmentPolicy { Multus = mode };
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan", config: """{"cniVersion":"1.0.0","name":"lan","plugins":[{"type":"macvlan","master":"eth1"},{"type":"tuning"}]}""");
        await lab.CreateNetworkAsync("wan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan", "green=wan"]));
        await lab.InstanceAsync("vm", vmi => vmi.Status?.Interfaces?.Count == 3, "three NICs");
        Assert.Equal([null, null], PodNetworks.Selections(await lab.PodOfAsync("vm")).Select(selection => selection.Mac));

        await lab.CreateMigrationAsync("move", "vm");
        await lab.SettledAsync("move", MigrationJobPhase.Succeeded);

        Assert.Equal(["02:00:00:00:01:07", null], PodNetworks.Selections(await lab.PodOfAsync("vm")).Select(selection => selection.Mac));
        if (mode == MultusMode.BuiltIn)
            Assert.Equal(["02:00:00:00:01:07", ""], Assert.Single(lab.B.Machines).Plan.Interfaces.Skip(1).Select(nic => nic.Delegate.Mac));
    }

    [Fact]
    public async Task What_a_networks_plugins_declare_is_handed_to_the_node_and_the_rest_is_named()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan", config: """{"cniVersion":"1.0.0","name":"lan","plugins":[{"type":"bridge"},{"type":"bandwidth","capabilities":{"bandwidth":true,"portMappings":false}}]}""");
        const string asked = """[{"name":"lan","ips":["10.10.0.5/24"],"bandwidth":{"ingressRate":8000},"portMappings":[{"hostPort":80,"containerPort":80}],"color":"blue"}]""";
        await lab.CreateInstanceAsync("vm", Spec(["default"]), new Dictionary<string, string> { [Annotations.Networks] = asked });

        var instance = await lab.InstanceAsync("vm", InstancePhase.Running);

        const string path = "metadata.annotations[k8s.v1.cni.cncf.io/networks][default/lan].";
        Assert.Equal(string.Join(", ", new[] { "color", "portMappings", "ips" }.Select(key => path + key)), instance.Status!.Conditions.Find(InstanceCondition.FieldsNotActedOn)!.Message);
        Assert.Equal("""{"ingressRate":8000}""", Assert.Single(lab.A.Machines).Plan.Interfaces[1].Delegate.Capabilities["bandwidth"]);
    }

    [Fact]
    public async Task Networks_that_the_annotation_asks_for_are_guest_nics_too()
    {
        await using var lab = await ControllerLab.StartAsync();
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateNetworkAsync("storage");
        await lab.CreateInstanceAsync(
            "vm",
            Spec(["default", "blue=lan"]),
            new Dictionary<string, string>
            {
                [Annotations.Networks] = """[{"name":"storage","interface":"disk0"},{"name":"lan","ips":["10.10.0.5/24"],"cni-args":{"a":{"b":1}},"default-route":["10.10.0.1"]}]""",
                ["migration.internal/interface"] = "{\"name\":\"forged\"}",
                [Annotations.NetworkStatus] = "[]",
            });

        await lab.InstanceAsync("vm", InstancePhase.Running);

        var plan = Assert.Single(lab.A.Machines).Plan;
        Assert.Equal([("default", "eth0", null), ("blue", Blue, "default/lan"), ("disk0", "disk0", "default/storage")], plan.Interfaces.Select(nic => (nic.Name, nic.PodInterface, nic.Delegate?.Name)));
        var blue = plan.Interfaces[1].Delegate;
        Assert.Equal((["10.10.0.5/24"], ["10.10.0.1"], """{"a":{"b":1}}"""), (blue.Addresses, blue.DefaultRoute, blue.CniArgs));
        var pod = await lab.PodOfAsync("vm", pod => PodNetworks.Statuses(pod).Count == 3, "told its networks");
        Assert.DoesNotContain("forged", pod.Metadata.Annotation(Annotations.Interface), StringComparison.Ordinal);
        Assert.Equal([Blue, "disk0"], PodNetworks.Selections(pod).Select(selection => selection.Interface));
    }

    [Theory]
    [InlineData("kube-multus-ds", false)]
    [InlineData("kube-proxy", true)]
    public async Task Multus_is_found_by_its_daemon_set(string name, bool byNode)
    {
        await using var lab = await ControllerLab.StartAsync();
        await lab.CreateDaemonSetAsync(name);
        lab.StartControllers();
        await lab.CreateNetworkAsync("lan");
        await lab.CreateInstanceAsync("vm", Spec(["default", "blue=lan"]));

        await lab.InstanceAsync("vm", InstancePhase.Running);

        Assert.Equal(byNode, Assert.Single(lab.A.Machines).Plan.Interfaces[1].Delegate is not null);
    }

    // "name" is the pod network, "name=definition" one beside it, "name=definition!" one in its place.
    private static string Spec(IReadOnlyList<string> networks, string nic = "")
    {
        var more = nic.Length > 0 ? "," + nic : "";
        var parts = networks.Select(network => network.Split('=', 2)).ToList();
        var interfaces = parts.Select(part => $$"""{"name":"{{part[0]}}","bridge":{}{{(part.Length > 1 ? more : "")}} }""");
        var sources = parts.Select(part => part.Length == 1
            ? $$"""{"name":"{{part[0]}}","pod":{} }"""
            : $$"""{"name":"{{part[0]}}","multus":{"networkName":"{{part[1].TrimEnd('!')}}"{{(part[1].EndsWith('!') ? ",\"default\":true" : "")}} } }""");
        return $$"""{"domain":{"devices":{"interfaces":[{{string.Join(',', interfaces)}}]},"memory":{"guest":"64Mi"} },"networks":[{{string.Join(',', sources)}}]}""";
    }

    private static VirtualMachineInstance Plugged(VirtualMachineInstance instance, string name, string network)
    {
        var spec = instance.CompleteSpec();
        return instance with
        {
            Spec = instance.Spec with
            {
                Networks = [.. spec.Networks!, new Network { Name = name, Multus = new MultusNetwork { NetworkName = network } }],
                Domain = instance.Spec.Domain with { Devices = instance.Spec.Domain.Devices with { Interfaces = [.. spec.Domain.Devices.Interfaces!, new Api.Interface { Name = name, Bridge = new Empty() }] } },
            },
        };
    }

    private static VirtualMachineInstance In(VirtualMachineInstance instance, string name, string state) => Edited(instance, name, nic => nic with { State = state });

    private static VirtualMachineInstance Edited(VirtualMachineInstance instance, string name, Func<Api.Interface, Api.Interface> edit)
    {
        var devices = instance.Spec.Domain.Devices;
        var interfaces = devices.Interfaces!.Select(nic => nic.Name == name ? edit(nic) : nic).ToList();
        return instance with { Spec = instance.Spec with { Domain = instance.Spec.Domain with { Devices = devices with { Interfaces = interfaces } } } };
    }

    private static void AssertJson(string expected, string? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), JsonNode.Parse(actual ?? "null")), $"expected {expected}\nfound {actual}");
}
