using System.Text.Json;

namespace Migration.Api.Tests;

/// <summary>What guest NICs are connected to, and what their pod NICs are called.</summary>
public sealed class InstanceNetworksTests
{
    // KubeVirt's own names for these networks.
    [Theory]
    [InlineData("linux-bridge", "pod72ad293a5c9")]
    [InlineData("skynet", "podf54807dccb4")]
    [InlineData("iface1", "pod7e0055a6880")]
    public void A_pod_nic_is_named_by_a_hash(string network, string expected) => Assert.Equal(expected, PodInterfaceNames.Hashed(network));

    [Theory]
    [InlineData("", "eth0 pod7e0055a6880 podf54807dccb4")]
    [InlineData("eth0 pod7e0055a6880", "eth0 pod7e0055a6880 podf54807dccb4")]
    [InlineData("eth0 net1 net2", "eth0 net1 net2")]
    [InlineData("net12", "eth0 net1 net2")]
    [InlineData("netX net net1a mynet1", "eth0 pod7e0055a6880 podf54807dccb4")]
    public void A_pod_of_the_former_scheme_is_known_by_its_nics(string reported, string expected)
    {
        var instance = Instance("""[{"name":"iface1","multus":{"networkName":"a"}},{"name":"default","pod":{}},{"name":"skynet","multus":{"networkName":"b"}}]""");

        var names = PodInterfaceNames.Of(instance.Spec.Networks!, reported.Split(' '));

        Assert.Equal(expected, string.Join(' ', names["default"], names["iface1"], names["skynet"]));
    }

    [Fact]
    public void What_multus_puts_in_the_place_of_the_pod_network_is_the_pods_first_nic()
    {
        var guest = Assert.Single(InstanceNetworks.Of(Instance("""[{"name":"a","multus":{"networkName":"lan","default":true}}]"""), []));

        Assert.Equal(("eth0", true, null), (guest.PodInterface, guest.IsPrimary, guest.Selection));
    }

    [Fact]
    public void A_network_is_asked_for_by_namespace_name_mac_and_pod_nic()
    {
        var guests = InstanceNetworks.Of(Instance("""[{"name":"default","pod":{}},{"name":"iface1","multus":{"networkName":"infra/lan"}},{"name":"skynet","multus":{"networkName":"lan"}}]""", macAddress: "02-00-00-AB-CD-EF"), []);

        Assert.Null(guests[0].Selection);
        Assert.Equal(
            """[{"name":"lan","namespace":"infra","mac":"02:00:00:ab:cd:ef","interface":"pod7e0055a6880"},{"name":"lan","namespace":"default","mac":"02:00:00:ab:cd:ef","interface":"podf54807dccb4"}]""",
            NetworkSelections.Write(guests.Skip(1).Select(guest => guest.Selection!)));
        Assert.Equal(("spec.networks[1]", "spec.domain.devices.interfaces[1]"), (guests[1].NetworkPath, guests[1].InterfacePath));
    }

    [Fact]
    public void The_annotation_adds_to_a_network_of_the_spec_what_a_spec_cannot_say()
    {
        var instance = Instance(
            """[{"name":"iface1","multus":{"networkName":"lan"}},{"name":"skynet","multus":{"networkName":"lan"}}]""",
            """[{"name":"lan","ips":["10.0.0.5"],"interface":"mine"},{"name":"lan","ips":["10.0.0.6"],"mac":"02:00:00:00:00:07"}]""");

        var guests = InstanceNetworks.Of(instance, []);

        // Its pod NIC is ours to name: it is how the two are told apart.
        Assert.Equal([("pod7e0055a6880", "10.0.0.5", null), ("podf54807dccb4", "10.0.0.6", "02:00:00:00:00:07")], guests.Select(guest => (guest.PodInterface, guest.Selection!.Ips![0], guest.Selection.Mac)));
        Assert.Equal(2, instance.CompleteSpec().Networks!.Count);
    }

    [Fact]
    public void Whatever_else_the_annotation_asks_for_is_one_more_nic()
    {
        var instance = Instance("""[{"name":"lan","multus":{"networkName":"a"}}]""", "lan,infra/v1.2@disk0,lan,a");

        var guests = InstanceNetworks.Of(instance, []);

        Assert.Equal(
            [("lan", "default/a"), ("lan-2", "default/lan"), ("disk0", "infra/v1.2"), ("lan-3", "default/lan")],
            guests.Select(guest => (guest.Name, guest.Selection!.Definition.ToString())));
        Assert.Equal(["disk0"], guests.Select(guest => guest.PodInterface).Where(name => !name.StartsWith("pod", StringComparison.Ordinal)));
        Assert.Equal(4, guests.Select(guest => guest.PodInterface).Distinct().Count());
        Assert.All(guests, guest => Assert.NotNull(guest.Interface.Bridge));
        Assert.DoesNotContain(InstanceValidation.Errors(instance, instance.CompleteSpec()), error => !error.Contains("memory", StringComparison.Ordinal));
    }

    [Fact]
    public void An_annotation_that_makes_no_sense_is_an_error_of_the_instance()
    {
        var instance = Instance("""[{"name":"default","pod":{}}]""", "a/b/c");

        Assert.Contains("metadata.annotations[k8s.v1.cni.cncf.io/networks]: 'a/b/c' is not a network like namespace/name@interface", InstanceValidation.Errors(instance, instance.CompleteSpec()));
        Assert.Single(InstanceNetworks.Of(instance, []));
    }

    [Theory]
    [InlineData("lan@pod7e0055a6880", "interface 'pod7e0055a6880' is that of network 'iface1'")]
    [InlineData("lan@tap0", "interface 'tap0': such names belong to the guest's side")]
    [InlineData("lan@k6t-eth0", "interface 'k6t-eth0': such names belong to the guest's side")]
    public void A_pod_nic_that_is_ours_to_name_cannot_be_asked_for(string annotation, string expected)
    {
        var instance = Instance("""[{"name":"default","pod":{}},{"name":"iface1","multus":{"networkName":"a"}}]""", annotation);

        Assert.Contains($"metadata.annotations[k8s.v1.cni.cncf.io/networks]: {expected}", InstanceValidation.Errors(instance, instance.CompleteSpec()));
    }

    [Fact]
    public void There_are_not_more_networks_than_a_machine_has_slots_for()
    {
        var many = Instance("""[{"name":"default","pod":{}}]""", string.Join(',', Enumerable.Repeat("lan", 64)));
        var tooMany = Instance("""[{"name":"default","pod":{}}]""", string.Join(',', Enumerable.Repeat("lan", 65)));

        Assert.Contains("spec.networks: 65 of them; 64 is the limit", InstanceValidation.Errors(many, many.CompleteSpec()));
        Assert.Contains("metadata.annotations[k8s.v1.cni.cncf.io/networks]: asks for 65 networks; 64 is the limit", InstanceValidation.Errors(tooMany, tooMany.CompleteSpec()));
    }

    [Theory]
    [InlineData("10.0.2.0/24", "10.0.2.0/24")]
    [InlineData("010.000.002.017/24", "10.0.2.0/24")]
    [InlineData("fd10:0000:2::5/120", "fd10:0:2::/120")]
    [InlineData("0.0.0.0/0", "0.0.0.0/0")]
    [InlineData("10.0.2.0", null)]
    [InlineData("10.0.2.0/33", null)]
    [InlineData("10.0.2/24", null)]
    [InlineData("0x0a.0.2.0/24", null)]
    [InlineData("10.0.2.256/24", null)]
    [InlineData("10.0.2.0/-1", null)]
    [InlineData("[fd10::]/64", null)]
    [InlineData("", null)]
    public void A_network_is_read_as_people_write_it(string text, string? expected) =>
        Assert.Equal(expected, AddressText.TryParseNetwork(text, out var network) ? network.ToString() : null);

    private static VirtualMachineInstance Instance(string networks, string? annotation = null, string? macAddress = null)
    {
        var names = JsonDocument.Parse(networks).RootElement.EnumerateArray().Select(network => network.GetProperty("name").GetString());
        var mac = macAddress is null ? "" : $",\"macAddress\":\"{macAddress}\"";
        var interfaces = string.Join(',', names.Select(name => $$"""{"name":"{{name}}","bridge":{}{{mac}} }"""));
        var annotations = annotation is null ? "{}" : $$"""{"k8s.v1.cni.cncf.io/networks":{{JsonSerializer.Serialize(annotation)}} }""";
        return JsonSerializer.Deserialize(
            $$"""{"metadata":{"name":"vm","namespace":"default","uid":"u","annotations":{{annotations}} },"spec":{"networks":{{networks}},"domain":{"devices":{"interfaces":[{{interfaces}}]} } } }""",
            ApiJson.Default.VirtualMachineInstance)!;
    }
}
