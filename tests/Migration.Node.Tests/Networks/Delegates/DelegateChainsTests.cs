using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Tests.Networks.Delegates;

public sealed class DelegateChainsTests
{
    private const string Mac = "02:66:00:00:00:07";
    private static readonly DelegateChains Chains = new(new NetworkFolder("/nowhere"));

    [Theory]
    [InlineData("""{"type":"bridge"}""", false, true)]
    [InlineData("""{"type":"bridge"}""", true, false)]
    [InlineData("""{"type":"bridge","macspoofchk":true}""", true, true)]
    [InlineData("""{"type":"macvlan"}""", true, true)]
    public void Bridge_is_not_told_the_mac_of_a_guest_that_still_runs_elsewhere(string configuration, bool arrives, bool told)
    {
        var nic = Delegated(configuration) with { Lease = arrives ? new GuestLease { Mac = Mac } : null };

        var record = Prepare(nic);

        Assert.Equal(told ? Mac : null, (string?)record.Capabilities["mac"]);
        Assert.Equal(told, record.Arguments.Any(argument => argument[0] == "MAC" && argument[1] == Mac));
    }

    [Theory]
    [InlineData("""{"type":"x"}""", """{"a":1}""", """{"cni":{"a":1}}""")]
    [InlineData("""{"type":"x","args":{"other":2,"cni":{"a":0,"b":{"c":3}}}}""", """{"a":1}""", """{"other":2,"cni":{"a":1,"b":{"c":3}}}""")]
    public void Arguments_of_the_selection_are_merged_into_every_plugins_and_are_stronger(string plugin, string arguments, string merged)
    {
        var nic = Delegated($$"""{"plugins":[{{plugin}},{{plugin}}]}""");

        var plugins = Prepare(nic with { Delegate = nic.Delegate! with { CniArguments = arguments } }).List().Plugins;

        Assert.Equal([merged, merged], plugins.Select(one => one["args"]!.ToJsonString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("sixteencharacter")]
    public void Name_that_no_interface_can_have_is_refused(string name) =>
        Assert.Contains("is not the name of an interface", Assert.Throws<RefusedException>(() => Prepare(Delegated("""{"type":"x"}""") with { PodInterface = name })).Message);

    [Fact]
    public void Arguments_that_are_no_object_are_refused()
    {
        var nic = Delegated("""{"type":"x"}""");

        var refused = Assert.Throws<RefusedException>(() => Prepare(nic with { Delegate = nic.Delegate! with { CniArguments = "[1]" } }));

        Assert.Contains("ns/lan, cni-args: not a JSON object", refused.Message);
    }

    [Theory]
    [InlineData("""{"type":"x","capabilities":{"bandwidth":true}}""", "")]
    [InlineData("""{"plugins":[{"type":"x"},{"type":"y","capabilities":{"bandwidth":true}}]}""", "")]
    [InlineData("""{"type":"x","capabilities":{"bandwidth":false,"mac":true}}""", "bandwidth")]
    [InlineData("""{"type":"x"}""", "bandwidth")]
    public void Capability_that_no_plugin_declares_is_told(string configuration, string notTaken)
    {
        var nic = Delegated(configuration);

        var record = Prepare(nic with { Delegate = nic.Delegate! with { Capabilities = new Dictionary<string, string> { ["bandwidth"] = """{"ingressRate":1}""" } } });

        Assert.Equal(notTaken, string.Join(' ', DelegateChains.NotTaken(record)));
        Assert.Equal("""{"ingressRate":1}""", record.Capabilities["bandwidth"]!.ToJsonString());
    }

    private static InterfacePlan Delegated(string configuration) =>
        new() { Name = "lan", PodInterface = "net1", Delegate = new() { Name = "ns/lan", Configuration = configuration, Mac = Mac } };

    private static DelegateRecord Prepare(InterfacePlan nic) =>
        Chains.Prepare(new AttachmentKey("pods", "c1", "eth0"), new PodIdentity("default", "p", "u"), "/run/netns/p", nic, "/device");
}
