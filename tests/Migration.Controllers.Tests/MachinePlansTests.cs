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
}
