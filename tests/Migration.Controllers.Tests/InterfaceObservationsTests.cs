using Migration.Api;
using Migration.Controllers.Instances;
using Migration.Kubernetes;
using Migration.Protos;
using static Migration.Controllers.Tests.Observations;

namespace Migration.Controllers.Tests;

/// <summary>What the status says of guest NICs.</summary>
public sealed class InterfaceObservationsTests
{
    private static readonly string Blue = PodInterfaceNames.Hashed("blue");
    private static readonly VirtualMachineInstance TwoNics = Instance(spec: """
        {"domain":{"devices":{"interfaces":[{"name":"blue","bridge":{}},{"name":"default","masquerade":{}}]},"memory":{"guest":"64Mi"}},
         "networks":[{"name":"blue","multus":{"networkName":"lan"}},{"name":"default","pod":{}}]}
        """);

    [Fact]
    public void The_first_nic_comes_first_and_behind_nat_has_its_pods_addresses()
    {
        var seen = Of(
            Pod(),
            new InterfaceStatus { Name = "blue", PodInterface = Blue, Mac = "02:00:00:00:01:07", Binding = Binding.Bridge, Queues = 4, LinkState = LinkState.Down, Lease = new Protos.Lease { Addresses = { "10.10.0.9/24", "fd00::9/64" } }, Leased = true, Plugged = true },
            new InterfaceStatus { Name = "default", PodInterface = "eth0", Mac = "02:00:00:00:00:07", Binding = Binding.Masquerade, Lease = new Protos.Lease { Addresses = { "10.0.2.2/24" } }, Plugged = true });

        Assert.Equal([("default", "eth0", "10.244.1.7", "up", 1), ("blue", Blue, "10.10.0.9", "down", 4)], seen.Select(nic => (nic.Name, nic.PodInterfaceName, nic.IpAddress, nic.LinkState, nic.QueueCount ?? 0)));
        Assert.Equal(["10.244.1.7", "fd00:10:244:1::7"], seen[0].IpAddresses!);
        Assert.Equal(["10.10.0.9", "fd00::9"], seen[1].IpAddresses!);
        Assert.Equal(["domain", "domain, dhcp"], seen.Select(nic => nic.InfoSource));
    }

    [Fact]
    public void What_multus_told_is_said_and_fills_in_for_a_nic_without_a_lease()
    {
        var told = Pod().Metadata.WithAnnotation(Annotations.NetworkStatus, $$"""[{"interface":"eth0","ips":["10.244.1.7"],"default":true},{"interface":"{{Blue}}","ips":["10.10.0.9"],"mac":"02:00:00:00:01:07"}]""");
        var pod = Pod() with { Metadata = told };

        var attached = Of(pod, new InterfaceStatus { Name = "blue", PodInterface = Blue, Mac = "02:00:00:00:01:08", Lease = new Protos.Lease(), Plugged = true })[0];
        var waiting = Of(pod, new InterfaceStatus { Name = "default", PodInterface = "eth0", Binding = Binding.Masquerade, Plugged = true });

        Assert.Equal(("10.10.0.9", "02:00:00:00:01:08", "domain, multus-status"), (attached.IpAddress, attached.Mac, attached.InfoSource));
        Assert.Equal([("default", "domain", null), ("blue", "multus-status", "02:00:00:00:01:07")], waiting.Select(nic => (nic.Name, nic.InfoSource, nic.Name == "blue" ? nic.Mac : null)));
    }

    [Fact]
    public void A_nic_that_the_guest_does_not_have_yet_is_not_of_its_domain()
    {
        var seen = Of(Pod(), new InterfaceStatus { Name = "blue", PodInterface = Blue, Mac = "02:00:00:00:01:08" });

        Assert.Equal(("blue", null), (Assert.Single(seen).Name, seen[0].InfoSource));
    }

    [Fact]
    public void Without_nics_there_is_nothing_to_say() => Assert.Null(InterfaceObservations.Of(Instance(), Pod(), new Machine()));

    private static IReadOnlyList<InterfaceObservation> Of(Pod pod, params InterfaceStatus[] nics) => InterfaceObservations.Of(TwoNics, pod, new Machine { Interfaces = { nics } })!;

    private static Pod Pod()
    {
        var pod = Observations.Pod("pod", "a");
        return pod with { Status = pod.Status! with { PodIps = [new PodIp { Ip = "10.244.1.7" }, new PodIp { Ip = "fd00:10:244:1::7" }] } };
    }
}
