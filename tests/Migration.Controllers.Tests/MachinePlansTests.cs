using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Controllers.Networks;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

public sealed class MachinePlansTests
{
    [Fact]
    public void A_plan_says_what_the_spec_means()
    {
        var plan = MachinePlans.Starting(
            Instance(spec: """
                {"domain":{"cpu":{"sockets":2,"cores":3,"model":"host-passthrough"},"memory":{"guest":"1Gi"},"machine":{"type":"pc-q35-7.2"},
                 "firmware":{"kernelBoot":{"container":{"image":"i","kernelPath":"/k","initrdPath":"/i"},"kernelArgs":"console=ttyS0"}},
                 "devices":{"networkInterfaceMultiqueue":true,"interfaces":[{"name":"n","bridge":{},"model":"e1000","macAddress":"52-54-00-AB-CD-EF"}]}},
                 "networks":[{"name":"n","pod":{}}],"terminationGracePeriodSeconds":7}
                """),
            Pod("pod", "a"),
            ResolvedNetworks.None);

        Assert.Equal(("uid-of-pod", "default", "vm", "11111111-1111-1111-1111-111111111111"), (plan.Id, plan.InstanceNamespace, plan.InstanceName, plan.InstanceUid));
        Assert.Equal(("pod", "uid-of-pod"), (plan.Pod.Name, plan.Pod.Uid));
        Assert.Equal(plan.InstanceUid, plan.FirmwareUuid);
        Assert.Equal((2u, 3u, 1u, 1ul << 30), (plan.Sockets, plan.Cores, plan.Threads, plan.MemoryBytes));
        Assert.Equal(("host", "pc-q35-7.2"), (plan.CpuModel, plan.MachineType));
        Assert.Equal(("kernel-boot", "/k", "/i", "console=ttyS0"), (plan.KernelBoot.Volume, plan.KernelBoot.KernelPath, plan.KernelBoot.InitrdPath, plan.KernelBoot.KernelArguments));
        var nic = Assert.Single(plan.Interfaces);
        Assert.Equal(("n", "eth0", Binding.Bridge, "52:54:00:ab:cd:ef", "e1000", 0u), (nic.Name, nic.PodInterface, nic.Binding, nic.Mac, nic.Model, nic.Queues));
        Assert.Equal(7, plan.TerminationGracePeriod.Seconds);
        Assert.False(plan.Incoming);
    }

    [Fact]
    public void What_the_spec_leaves_open_the_node_chooses()
    {
        var plan = MachinePlans.Starting(Instance(), Pod("pod", "a"), ResolvedNetworks.None);

        Assert.Equal(("", "", Accelerator.Unspecified), (plan.MachineType, plan.CpuModel, plan.Accelerator));
        Assert.Null(plan.KernelBoot);
        Assert.Equal(("default", "", "", 0u), (plan.Interfaces[0].Name, plan.Interfaces[0].Mac, plan.Interfaces[0].Model, plan.Interfaces[0].Queues));
    }

    [Fact]
    public void An_arriving_guest_keeps_what_it_has()
    {
        var source = new Machine
        {
            Id = "uid-of-source",
            Plan = MachinePlans.Starting(Instance(), Pod("source", "a"), ResolvedNetworks.None),
            MachineType = "pc-q35-7.2",
            CpuModel = "Skylake-Server",
            Accelerator = Accelerator.Kvm,
            Interfaces = { new InterfaceStatus { Name = "default", Mac = "02:00:00:00:00:07", Lease = new Lease { Mac = "02:00:00:00:00:07", Addresses = { "10.244.1.7/24" } } } },
        };

        var plan = MachinePlans.Arriving(source, Instance(), Pod("target", "b"), ResolvedNetworks.None);

        Assert.True(plan.Incoming);
        Assert.Equal(("uid-of-target", "target"), (plan.Id, plan.Pod.Name));
        Assert.Equal(("pc-q35-7.2", "Skylake-Server", Accelerator.Kvm, source.Plan.FirmwareUuid), (plan.MachineType, plan.CpuModel, plan.Accelerator, plan.FirmwareUuid));
        Assert.Equal(("02:00:00:00:00:07", "10.244.1.7/24"), (plan.Interfaces[0].Mac, plan.Interfaces[0].Lease.Addresses[0]));
        Assert.Equal("uid-of-source", source.Plan.Id);
    }

    [Fact]
    public void Behind_nat_a_guest_is_told_its_ports_networks_and_options()
    {
        var nic = Assert.Single(MachinePlans.Starting(
            Instance(spec: """
                {"domain":{"cpu":{"cores":65},"devices":{"networkInterfaceMultiqueue":true,"interfaces":[{"name":"n","masquerade":{},"state":"down",
                  "ports":[{"name":"http","port":80},{"port":53,"protocol":"UDP"}],"portRanges":[{"start":8000,"end":8010,"protocol":"SCTP"}],
                  "dhcpOptions":{"bootFileName":"b","tftpServerName":"t","ntpServers":["010.0.0.1"],"privateOptions":[{"option":240,"value":"v"}]}}]}},
                 "networks":[{"name":"n","pod":{"vmNetworkCIDR":"10.011.12.13/24","vmIPv6NetworkCIDR":"fd11:0000::7/120"}}]}
                """),
            Pod("pod", "a"),
            ResolvedNetworks.None).Interfaces);

        Assert.Equal((Binding.Masquerade, "eth0", LinkState.Down, 64u), (nic.Binding, nic.PodInterface, nic.LinkState, nic.Queues));
        Assert.Equal([("tcp", 80u, 0u), ("udp", 53u, 0u), ("sctp", 8000u, 8010u)], nic.Ports.Select(port => (port.Protocol, port.First, port.Last)));
        Assert.Equal(["10.11.12.0/24", "fd11::/120"], nic.GuestNetworks);
        Assert.Equal(("b", "t", "10.0.0.1", "v"), (nic.DhcpOptions.BootFileName, nic.DhcpOptions.TftpServerName, Assert.Single(nic.DhcpOptions.NtpServers), nic.DhcpOptions.PrivateOptions[240]));
    }

    [Fact]
    public void A_plan_has_every_nic_but_those_that_are_to_be_absent()
    {
        var plan = MachinePlans.Starting(Instance(spec: ThreeNics), Pod("pod", "a"), Resolved("lan"));

        Assert.Equal([("default", "eth0", Binding.Bridge), ("tap", PodInterfaceNames.Hashed("tap"), Binding.ManagedTap)], plan.Interfaces.Select(nic => (nic.Name, nic.PodInterface, nic.Binding)));
        Assert.Equal((null, "default/lan"), (plan.Interfaces[0].Delegate, plan.Interfaces[1].Delegate.Name));
    }

    [Fact]
    public void An_arriving_guests_networks_are_the_targets()
    {
        var source = new Machine { Plan = MachinePlans.Starting(Instance(spec: ThreeNics), Pod("source", "a"), Resolved("lan")) };
        source.Plan.Interfaces[0].Slot = 3;
        source.Interfaces.Add(new InterfaceStatus { Name = "default", Mac = "02:00:00:00:00:07", LinkState = LinkState.Down, Queues = 2, Binding = Binding.Bridge, Lease = new Lease { Mac = "02:00:00:00:00:07" } });
        source.Interfaces.Add(new InterfaceStatus { Name = "tap", Mac = "02:00:00:00:01:07", Lease = new Lease() });

        var plan = MachinePlans.Arriving(source, Instance(spec: ThreeNics), Pod("target", "b"), Resolved("other"));

        Assert.Equal((3u, LinkState.Down, 2u), (plan.Interfaces[0].Slot, plan.Interfaces[0].LinkState, plan.Interfaces[0].Queues));
        // A tap that nobody serves has no lease to keep.
        Assert.Equal(("02:00:00:00:01:07", null, "default/other"), (plan.Interfaces[1].Mac, plan.Interfaces[1].Lease, plan.Interfaces[1].Delegate.Name));
    }

    [Fact]
    public void Where_multus_attaches_the_target_makes_nothing_and_where_nobody_is_asked_it_makes_what_the_source_made()
    {
        var source = new Machine { Plan = MachinePlans.Starting(Instance(spec: ThreeNics), Pod("source", "a"), Resolved("lan")) };

        var byMultus = MachinePlans.Arriving(source, Instance(spec: ThreeNics), Pod("target", "b"), new ResolvedNetworks { ByMultus = true });
        var byNobody = MachinePlans.Arriving(source, Instance(), Pod("target", "b"), ResolvedNetworks.None);

        Assert.Null(byMultus.Interfaces[1].Delegate);
        Assert.Equal("default/lan", byNobody.Interfaces[1].Delegate.Name);
    }

    private const string ThreeNics = """
        {"domain":{"devices":{"interfaces":[{"name":"default","bridge":{}},{"name":"tap","binding":{"name":"managedtap"}},{"name":"gone","bridge":{},"state":"absent"}]}},
         "networks":[{"name":"default","pod":{}},{"name":"tap","multus":{"networkName":"lan"}},{"name":"gone","multus":{"networkName":"lan"}}]}
        """;

    private static ResolvedNetworks Resolved(string network) => new()
    {
        ByNode = true,
        Delegates = new Dictionary<string, Protos.Delegate> { ["tap"] = new() { Name = "default/" + network } },
    };
}
