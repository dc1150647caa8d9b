using System.Text.Json.Nodes;
using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Tests.Networks.Delegates;

public sealed class NetworkStatusTests
{
    private static readonly DelegateChains Chains = new(new NetworkFolder("/nowhere"));

    [Theory]
    [InlineData(
        """{"cniVersion":"1.0.0","interfaces":[{"name":"br0","mac":"0a:00:00:00:00:01"},{"name":"veth1","mac":"0a:00:00:00:00:02"},{"name":"net1","mac":"0a:00:00:00:00:03","sandbox":"/n"}],"ips":[{"address":"10.0.0.2/24","gateway":"10.0.0.1","interface":2},{"address":"fd00::2/64","interface":2}],"routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1"}],"dns":{}}""",
        """[{"name":"ns/lan","interface":"net1","ips":["10.0.0.2","fd00::2"],"mac":"02:00:00:00:00:07","mtu":1400,"dns":{},"gateway":["10.0.0.1"]}]""")]
    [InlineData(
        """{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.2/24","gateway":"10.0.0.1","routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1"}]},"ip6":{"ip":"fd00::2/64"},"dns":{"nameservers":["10.0.0.3"],"domain":"x.example"}}""",
        """[{"name":"ns/lan","interface":"net1","ips":["10.0.0.2","fd00::2"],"mac":"02:00:00:00:00:07","mtu":1400,"dns":{"nameservers":["10.0.0.3"],"domain":"x.example"},"gateway":["10.0.0.1"]}]""")]
    [InlineData(
        """{"interfaces":"many","ips":[7,{"address":8,"interface":"x"}],"routes":{"dst":"0.0.0.0/0"},"dns":"none","ip4":9}""", """[{"name":"ns/lan","interface":"net1","mac":"02:00:00:00:00:07","mtu":1400,"dns":{}}]""")]
    [InlineData("""{"cniVersion":"1.0.0"}""", """[{"name":"ns/lan","interface":"net1","mac":"02:00:00:00:00:07","mtu":1400,"dns":{}}]""")]
    [InlineData(
        """{"cniVersion":"1.1.0","interfaces":[{"name":"net1","sandbox":"/n","mac":"0a:00:00:00:00:03"},{"name":"net1b","sandbox":"/n","mac":"0a:00:00:00:00:04","mtu":9000}],"ips":[{"address":"10.0.0.2/24","interface":0},{"address":"10.0.1.2/24","interface":1}]}""",
        """[{"name":"ns/lan","interface":"net1","ips":["10.0.0.2"],"mac":"02:00:00:00:00:07","mtu":1400,"dns":{}},{"name":"ns/lan","interface":"net1b","ips":["10.0.1.2"],"mac":"0a:00:00:00:00:04","mtu":9000,"dns":{}}]""")]
    public void Results_of_all_versions_are_told_alike(string result, string expected)
    {
        var nic = new Netlink.Link { Index = 3, Name = "net1", Mac = System.Net.NetworkInformation.PhysicalAddress.Parse("020000000007"), Mtu = 1400 };

        Assert.Equal(expected, NetworkStatus.Of(Record(), JsonNode.Parse(result)!.AsObject(), nic, deviceInfo: null).ToJsonString());
    }

    [Fact]
    public void Gateway_is_told_as_it_was_decided_and_the_device_with_it()
    {
        var nic = new Netlink.Link { Index = 3, Name = "net1", Mac = System.Net.NetworkInformation.PhysicalAddress.Parse("020000000007"), Mtu = 1400 };
        var result = JsonNode.Parse("""{"routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1"},{"dst":"::/0","gw":"fd00::1"}]}""")!.AsObject();
        var record = Record();
        record = record with { Plan = record.Plan with { DefaultGateway4 = "10.0.0.9", DefaultGateway6 = "" } };

        var status = NetworkStatus.Of(record, result, nic, JsonNode.Parse("""{"type":"pci","version":"1.1.0"}""")!.AsObject());

        Assert.Equal(
            """[{"name":"ns/lan","interface":"net1","mac":"02:00:00:00:00:07","mtu":1400,"dns":{},"device-info":{"type":"pci","version":"1.1.0"},"gateway":["10.0.0.9"]}]""",
            status.ToJsonString());
    }

    [Fact]
    public void Record_is_libcnis_cache_of_an_attachment()
    {
        var json = JsonNode.Parse(System.Text.Json.JsonSerializer.Serialize(Record() with { Result = JsonNode.Parse("""{"ips":[]}""")!.AsObject() }, Migration.Node.State.NodeJson.Default.DelegateRecord))!.AsObject();

        Assert.Equal("lan-c1-net1", Record().FileName);
        Assert.Equal("cniCacheV1", (string)json["kind"]!);
        Assert.Equal(("c1", "net1", "lan", "/run/netns/p"), ((string)json["containerId"]!, (string)json["ifName"]!, (string)json["networkName"]!, (string)json["netns"]!));
        Assert.Equal("bridge", (string)JsonNode.Parse(Convert.FromBase64String((string)json["config"]!))!["plugins"]![0]!["type"]!);
        Assert.Equal("""["IgnoreUnknown","1"]""", json["cniArgs"]![0]!.ToJsonString());
        Assert.Equal("""["10.0.0.2/24"]""", json["capabilityArgs"]!["ips"]!.ToJsonString());
        Assert.Equal("""{"ips":[]}""", json["result"]!.ToJsonString());
    }

    private static DelegateRecord Record()
    {
        var nic = new InterfacePlan
        {
            Name = "lan",
            PodInterface = "net1",
            Delegate = new() { Name = "ns/lan", Configuration = """{"cniVersion":"1.0.0","type":"bridge"}""", Addresses = ["10.0.0.2/24"] },
        };
        return Chains.Prepare(new AttachmentKey("pods", "c1", "eth0"), new PodIdentity("default", "p", "u"), "/run/netns/p", nic, "/device");
    }
}
