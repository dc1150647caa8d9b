using Migration.Node.Networks.Delegates;

namespace Migration.Node.Tests.Networks.Delegates;

public sealed class NetworkListTests
{
    [Fact]
    public void Single_plugin_is_a_list_of_one_and_gets_the_name_of_its_definition()
    {
        var list = NetworkList.Parse("""{"type":"bridge","mtu":1400}""", "blue");

        Assert.Equal(("blue", "0.1.0"), (list.Name, list.Version));
        Assert.Equal(1400, (int)Assert.Single(list.Plugins)["mtu"]!);
    }

    [Theory]
    [InlineData("""{"cniVersion":"0.4.0","type":"x"}""", "0.4.0")]
    [InlineData("""{"cniVersion":"0.4.0","cniVersions":["0.3.1","1.0.0"],"type":"x"}""", "1.0.0")]
    [InlineData("""{"cniVersion":"0.4.0","cniVersions":["1.1.0","7.0.0"],"type":"x"}""", "1.1.0")]
    [InlineData("""{"cniVersion":"7.0.0","cniVersions":["0.3.1"],"type":"x"}""", "0.3.1")]
    public void Newest_version_that_is_known_is_spoken(string json, string version) => Assert.Equal(version, NetworkList.Parse(json, "n").Version);

    [Theory]
    [InlineData("true", true)]
    [InlineData("\"true\"", true)]
    [InlineData("\"False\"", false)]
    public void Flag_may_be_a_string(string value, bool expected)
    {
        var list = NetworkList.Parse($$"""{"plugins":[{"type":"x"}],"disableCheck":{{value}},"disableGC":{{value}},"loadOnlyInlinedPlugins":{{value}}}""", "n");

        Assert.Equal((expected, expected, expected), (list.DisableCheck, list.DisableCollect, list.OnlyInlinedPlugins));
    }

    [Theory]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{", "configuration of CNI network n")]
    [InlineData("""{"type":"x","type":"y"}""", "configuration of CNI network n")]
    [InlineData("""{"type":"../x"}""", "with a path for one")]
    [InlineData("""{"name":"-x","type":"x"}""", "name '-x'")]
    [InlineData("""{"name":7,"type":"x"}""", "name is not a string")]
    [InlineData("""{"cniVersion":"2","type":"x"}""", "cniVersion '2'")]
    [InlineData("""{"plugins":{}}""", "plugins is not a list")]
    [InlineData("""{"plugins":[7]}""", "not an object")]
    [InlineData("""{"plugins":[{}]}""", "without type")]
    [InlineData("""{"plugins":[{"type":"migration-cni"}]}""", "makes no NIC")]
    [InlineData("""{"plugins":[{"type":"x"}],"disableCheck":"perhaps"}""", "disableCheck is neither")]
    public void Nonsense_is_refused_with_its_key(string json, string words)
    {
        var refused = Assert.Throws<RefusedException>(() => NetworkList.Parse(json, "n"));

        Assert.Equal(Refusal.Malformed, refused.Refusal);
        Assert.Contains(words, refused.Message);
        Assert.Equal(CniError.InvalidConfiguration, refused.CniError!.Code);
    }

    [Fact]
    public void Written_again_it_is_the_same_list()
    {
        var list = NetworkList.Parse("""{"cniVersion":"0.4.0","cniVersions":["1.0.0"],"name":"a","disableCheck":true,"plugins":[{"type":"x","a":{"b":[1]}},{"type":"migration-cni"},{"type":"y"}]}""", "n");

        var again = NetworkList.Parse(list.ToJson(), "other");

        Assert.Equal(list.ToJson(), again.ToJson());
        Assert.Equal(("a", "1.0.0", true, 2), (again.Name, again.Version, again.DisableCheck, again.Plugins.Count));
    }
}
