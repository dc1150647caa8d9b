using System.Text.Json;
using Migration.Api;
using Migration.Controllers.VirtualMachines;
using Migration.Kubernetes;

namespace Migration.Controllers.Tests;

/// <summary>A template that was edited while its instance runs → what the instance gets of it, and what waits for a restart.</summary>
public sealed class LiveTemplateTests
{
    private const string Pod = """{"name":"default","pod":{}}""";
    private const string Blue = """{"name":"blue","multus":{"networkName":"lan"}}""";

    [Fact]
    public void A_bridge_on_another_network_is_plugged_in()
    {
        var updated = Updated(Machine(Two("""{"name":"blue","bridge":{}}""")), Made(One()));

        Assert.Equal(["default", "blue"], updated.Spec.Networks!.Select(network => network.Name));
        Assert.NotNull(updated.Spec.Domain.Devices.Interfaces![1].Bridge);
        Assert.Empty(LiveTemplate.RestartRequired(Machine(Two("""{"name":"blue","bridge":{}}""")), Made(One())));
    }

    [Fact]
    public void The_default_network_is_the_same_said_or_unsaid()
    {
        const string silent = """{"domain":{"devices":{},"memory":{"guest":"64Mi"}}}""";

        Assert.Null(LiveTemplate.Next(Machine(silent), Made(silent)));
        // Admission may have filled it in.
        var defaulted = Made(silent) with { Spec = InstanceDefaults.Complete(Spec(silent), "instance") };
        Assert.Null(LiveTemplate.Next(Machine(silent), defaulted));
        Assert.Empty(LiveTemplate.RestartRequired(Machine(silent), defaulted));
    }

    [Theory]
    [InlineData("""{"name":"blue","bridge":{},"state":"absent"}""", "absent")]
    [InlineData("""{"name":"blue","bridge":{},"state":"down"}""", "down")]
    public void The_state_of_a_nic_is_carried_over(string nic, string state)
    {
        var updated = Updated(Machine(Two(nic)), Made(Two("""{"name":"blue","bridge":{}}""")));

        Assert.Equal(state, updated.Spec.Domain.Devices.Interfaces![1].State);
        Assert.Empty(LiveTemplate.RestartRequired(Machine(Two(nic)), updated));
    }

    [Fact]
    public void A_carrier_that_comes_back_is_carried_over_and_up_is_what_nothing_means()
    {
        var updated = Updated(Machine(Two("""{"name":"blue","bridge":{}}""")), Made(Two("""{"name":"blue","bridge":{},"state":"down"}""")));

        Assert.Null(updated.Spec.Domain.Devices.Interfaces![1].State);
        Assert.Null(LiveTemplate.Next(Machine(Two("""{"name":"blue","bridge":{},"state":"up"}""")), Made(Two("""{"name":"blue","bridge":{}}"""))));
    }

    [Fact]
    public void What_is_gone_as_asked_leaves_the_template_too()
    {
        var machine = Machine(Two("""{"name":"blue","bridge":{},"state":"absent"}"""));

        var update = Assert.IsType<VirtualMachineAction.Update>(LiveTemplate.Next(machine, Made(One())));

        Assert.Equal("default", Assert.Single(update.Updated.Spec.Template!.Spec.Networks!).Name);
        Assert.Equal("default", Assert.Single(update.Updated.Spec.Template.Spec.Domain.Devices.Interfaces!).Name);
        Assert.Equal(["default"], MadeInstance.Of(machine).Spec.Networks!.Select(network => network.Name));
    }

    [Fact]
    public void Another_network_for_a_nic_is_carried_over()
    {
        var other = Two("""{"name":"blue","bridge":{}}""").Replace("\"lan\"", "\"wan\"", StringComparison.Ordinal);

        Assert.Equal("wan", Updated(Machine(other), Made(Two("""{"name":"blue","bridge":{}}"""))).Spec.Networks![1].Multus!.NetworkName);
    }

    [Fact]
    public void Where_the_guest_may_be_placed_is_carried_over_once()
    {
        var wanted = Machine(One(""", "nodeSelector":{"zone":"b"}"""));

        var updated = Updated(wanted, Made(One()));

        Assert.Equal("b", updated.Spec.NodeSelector!["zone"]);
        Assert.Null(LiveTemplate.Next(wanted, updated));
        Assert.Empty(LiveTemplate.RestartRequired(wanted, updated));
        Assert.Null(Updated(Machine(One()), updated).Spec.NodeSelector);
    }

    [Theory]
    [InlineData("\"64Mi\"", "\"128Mi\"", "spec.template.spec.domain.memory.guest")]
    [InlineData("\"memory\"", "\"cpu\":{\"cores\":2},\"memory\"", "spec.template.spec.domain.cpu")]
    [InlineData("\"bridge\":{}", "\"masquerade\":{}", "spec.template.spec.domain.devices.interfaces[0].bridge, spec.template.spec.domain.devices.interfaces[0].masquerade")]
    [InlineData("\"networks\"", "\"hostname\":\"h\",\"networks\"", "spec.template.spec.hostname")]
    public void What_a_running_guest_cannot_take_is_named(string what, string by, string fields)
    {
        var machine = Machine(One().Replace(what, by, StringComparison.Ordinal));

        Assert.Equal(fields, string.Join(", ", LiveTemplate.RestartRequired(machine, Made(One()))));
        Assert.Null(LiveTemplate.Next(machine, Made(One())));
    }

    [Fact]
    public void A_nic_that_cannot_be_plugged_or_is_simply_gone_waits_for_a_restart()
    {
        Assert.Equal(["spec.template.spec.domain.devices.interfaces[1]"], LiveTemplate.RestartRequired(Machine(Two("""{"name":"blue","binding":{"name":"managedTap"}}""")), Made(One())));
        Assert.Equal(["spec.template.spec.domain.devices.interfaces[blue]"], LiveTemplate.RestartRequired(Machine(One()), Made(Two("""{"name":"blue","bridge":{}}"""))));
    }

    private static string One(string more = "") => $$$"""{"domain":{"devices":{"interfaces":[{"name":"default","bridge":{}}]},"memory":{"guest":"64Mi"}},"networks":[{{{Pod}}}]{{{more}}}}""";

    private static string Two(string nic) => $$$"""{"domain":{"devices":{"interfaces":[{"name":"default","bridge":{}},{{{nic}}}]},"memory":{"guest":"64Mi"}},"networks":[{{{Pod}}},{{{Blue}}}]}""";

    private static VirtualMachineInstance Updated(VirtualMachine machine, VirtualMachineInstance instance) =>
        Assert.IsType<VirtualMachineAction.UpdateInstance>(LiveTemplate.Next(machine, instance)).Updated;

    private static VirtualMachineInstance Made(string spec)
    {
        var made = MadeInstance.Of(Machine(spec));
        return made with { Metadata = made.Metadata with { Uid = "instance" } };
    }

    private static VirtualMachine Machine(string spec) => new()
    {
        ApiVersion = "kubevirt.io/v1",
        Kind = "VirtualMachine",
        Metadata = new ObjectMeta { Name = "vm", Namespace = "default", Uid = "33333333-3333-3333-3333-333333333333" },
        Spec = new VirtualMachineSpec { RunStrategy = "Always", Template = new InstanceTemplate { Spec = Spec(spec) } },
    };

    private static VirtualMachineInstanceSpec Spec(string json) => JsonSerializer.Deserialize(json, ApiJson.Default.VirtualMachineInstanceSpec)!;
}
