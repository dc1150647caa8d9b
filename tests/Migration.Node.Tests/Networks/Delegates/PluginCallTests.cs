using System.Text.Json.Nodes;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Tests.Networks.Delegates;

public sealed class PluginCallTests
{
    private static readonly PluginCall Call = new()
    {
        List = NetworkList.Parse("""{"cniVersion":"1.0.0","name":"lan","plugins":[{"type":"x"}]}""", "n"),
        ContainerId = "c1",
        NamespacePath = "/run/netns/p",
        InterfaceName = "net1",
        Arguments = [KeyValuePair.Create("IgnoreUnknown", "1"), KeyValuePair.Create("MAC", "02:00:00:00:00:01")],
        Capabilities = JsonNode.Parse("""{"mac":"02:00:00:00:00:01","ips":["10.0.0.1/24"]}""")!.AsObject(),
    };

    [Theory]
    [InlineData("""{"type":"x"}""", null)]
    [InlineData("""{"type":"x","capabilities":{"portMappings":true}}""", null)]
    [InlineData("""{"type":"x","capabilities":["mac"]}""", null)]
    [InlineData("""{"type":"x","capabilities":{"mac":false,"ips":"yes"}}""", null)]
    [InlineData("""{"type":"x","capabilities":{"mac":true}}""", """{"mac":"02:00:00:00:00:01"}""")]
    [InlineData("""{"type":"x","capabilities":{"ips":true,"mac":true}}""", """{"mac":"02:00:00:00:00:01","ips":["10.0.0.1/24"]}""")]
    public void Plugin_is_told_what_it_declares(string plugin, string? runtime) =>
        Assert.Equal(runtime, Call.Input(JsonNode.Parse(plugin)!.AsObject(), null)["runtimeConfig"]?.ToJsonString());

    [Fact]
    public void Input_has_the_lists_name_and_version_and_leaves_the_configuration_alone()
    {
        var plugin = JsonNode.Parse("""{"type":"x","name":"own","cniVersion":"0.1.0","deep":{"a":[1]}}""")!.AsObject();
        var before = plugin.ToJsonString();

        var input = Call.Input(plugin, JsonNode.Parse("""{"ips":[]}""")!.AsObject());

        Assert.Equal("""{"type":"x","name":"lan","cniVersion":"1.0.0","deep":{"a":[1]},"prevResult":{"ips":[]}}""", input.ToJsonString());
        Assert.Equal(before, plugin.ToJsonString());
    }

    [Fact]
    public void Environment_is_what_the_specification_names()
    {
        var environment = Call.Environment("ADD").OrderBy(variable => variable.Key).Select(variable => $"{variable.Key}={variable.Value}");

        Assert.Equal(
            ["CNI_ARGS=IgnoreUnknown=1;MAC=02:00:00:00:00:01", "CNI_COMMAND=ADD", "CNI_CONTAINERID=c1", "CNI_IFNAME=net1", "CNI_NETNS=/run/netns/p"], environment);
    }
}
