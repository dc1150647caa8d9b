using Migration.Kubernetes;

namespace Migration.Api.Tests;

public sealed class InstanceDefaultsTests
{
    private const string Uid = "0a3b7c2e-5d4f-4e6a-8b9c-1d2e3f405162";

    [Fact]
    public void Without_networks_the_pod_network_is_bridged()
    {
        var complete = InstanceDefaults.Complete(new VirtualMachineInstanceSpec(), Uid);

        var network = Assert.Single(complete.Networks!);
        Assert.Equal("default", network.Name);
        Assert.NotNull(network.Pod);
        var nic = Assert.Single(complete.Domain.Devices.Interfaces!);
        Assert.Equal(("default", "virtio"), (nic.Name, nic.Model));
        Assert.NotNull(nic.Bridge);
    }

    [Fact]
    public void The_pod_interface_can_be_declined()
    {
        var complete = InstanceDefaults.Complete(WithDevices(new Devices { AutoattachPodInterface = false }), Uid);

        Assert.Null(complete.Networks);
        Assert.Null(complete.Domain.Devices.Interfaces);
    }

    [Fact]
    public void An_interface_without_binding_is_bridged_and_one_with_a_binding_keeps_it()
    {
        var complete = InstanceDefaults.Complete(WithDevices(new Devices { Interfaces = [new() { Name = "a" }, new() { Name = "b", Masquerade = new() }] }), Uid);

        Assert.NotNull(complete.Domain.Devices.Interfaces![0].Bridge);
        Assert.Null(complete.Domain.Devices.Interfaces[1].Bridge);
        Assert.NotNull(complete.Domain.Devices.Interfaces[1].Masquerade);
    }

    [Fact]
    public void The_firmware_has_the_instances_uuid_unless_it_names_one()
    {
        Assert.Equal(Uid, InstanceDefaults.Complete(new VirtualMachineInstanceSpec(), Uid).Domain.Firmware!.Uuid);
        Assert.Equal("mine", InstanceDefaults.Complete(WithDomain(new Domain { Firmware = new Firmware { Uuid = "mine" } }), Uid).Domain.Firmware!.Uuid);
    }

    [Fact]
    public void A_uid_that_is_no_uuid_gives_a_firmware_uuid_that_stays_the_same()
    {
        var uuid = InstanceDefaults.FirmwareUuid("instance-1");

        Assert.True(Guid.TryParse(uuid, out _));
        Assert.Equal(uuid, InstanceDefaults.FirmwareUuid("instance-1"));
        Assert.NotEqual(uuid, InstanceDefaults.FirmwareUuid("instance-2"));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData("500m", 1)]
    [InlineData("2", 2)]
    [InlineData("2500m", 3)]
    public void Without_a_topology_there_are_as_many_sockets_as_requested_cpus(string? requested, int sockets)
    {
        var resources = requested is null ? null : new Resources { Requests = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse(requested) } };

        var cpu = InstanceDefaults.Complete(WithDomain(new Domain { Resources = resources }), Uid).Domain.Cpu!;

        Assert.Equal((sockets, 1, 1), (cpu.Sockets, cpu.Cores, cpu.Threads));
    }

    [Fact]
    public void A_topology_wins_over_requested_cpus()
    {
        var resources = new Resources { Requests = new Dictionary<string, Quantity> { ["cpu"] = Quantity.Parse("8") } };

        var cpu = InstanceDefaults.Complete(WithDomain(new Domain { Resources = resources, Cpu = new Cpu { Cores = 2 } }), Uid).Domain.Cpu!;

        Assert.Equal((1, 2, 1), (cpu.Sockets, cpu.Cores, cpu.Threads));
    }

    [Theory]
    [InlineData("128Mi", null, null, "128Mi")]
    [InlineData(null, "256Mi", "512Mi", "256Mi")]
    [InlineData(null, null, "512Mi", "512Mi")]
    public void Guest_memory_is_what_the_guest_is_given_or_what_is_requested(string? guest, string? requested, string? limit, string expected)
    {
        var domain = new Domain
        {
            Memory = guest is null ? null : new Memory { Guest = Quantity.Parse(guest) },
            Resources = new Resources { Requests = Named(requested), Limits = Named(limit) },
        };

        Assert.Equal(expected, InstanceDefaults.Complete(WithDomain(domain), Uid).Domain.Memory!.Guest.ToString());
    }

    [Fact]
    public void The_grace_period_and_the_machine_have_defaults()
    {
        var complete = InstanceDefaults.Complete(new VirtualMachineInstanceSpec(), Uid);

        Assert.Equal(30, complete.TerminationGracePeriodSeconds);
        Assert.Equal("q35", complete.Domain.Machine!.Type);
        Assert.Equal(0, InstanceDefaults.Complete(new VirtualMachineInstanceSpec { TerminationGracePeriodSeconds = 0 }, Uid).TerminationGracePeriodSeconds);
    }

    [Fact]
    public void Completing_twice_is_completing_once()
    {
        var once = new VirtualMachineInstance { Spec = InstanceDefaults.Complete(new VirtualMachineInstanceSpec(), Uid) };
        var twice = once with { Spec = InstanceDefaults.Complete(once.Spec, Uid) };

        Assert.True(KubeVirt.Instances.Same(once, twice));
    }

    private static VirtualMachineInstanceSpec WithDomain(Domain domain) => new() { Domain = domain };

    private static VirtualMachineInstanceSpec WithDevices(Devices devices) => WithDomain(new Domain { Devices = devices });

    private static Dictionary<string, Quantity>? Named(string? memory) => memory is null ? null : new() { ["memory"] = Quantity.Parse(memory) };
}
