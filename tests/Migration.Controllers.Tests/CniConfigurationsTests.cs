using Migration.Controllers.Networks;

namespace Migration.Controllers.Tests;

/// <summary>What is seen of CNI configurations before a node executes them.</summary>
public sealed class CniConfigurationsTests
{
    [Theory]
    [InlineData("", null, false)]
    [InlineData(" ", null, false)]
    [InlineData("""{"type":"bridge"}""", null, true)]
    [InlineData("""{"type":"bridge","macspoofchk":false}""", null, true)]
    [InlineData("""{"type":"bridge","macspoofchk":true}""", null, false)]
    [InlineData("""{"plugins":[{"type":"bridge"},{"type":"tuning"}]}""", null, true)]
    [InlineData("""{"plugins":[{"type":"bridge","macspoofchk":true},{"type":"tuning"}]}""", null, false)]
    [InlineData("""{"type":"macvlan"}""", null, false)]
    [InlineData("""{"plugins":[{"type":"macvlan"},{"type":"bridge"}]}""", null, false)]
    [InlineData("{", "is not JSON: ", false)]
    [InlineData("7", "is not a JSON object", false)]
    [InlineData("[{}]", "is not a JSON object", false)]
    [InlineData("{}", "has neither type nor plugins", false)]
    [InlineData("""{"type":7}""", "has neither type nor plugins", false)]
    [InlineData("""{"type":""}""", "has neither type nor plugins", false)]
    [InlineData("""{"plugins":{}}""", "has plugins that are not a list of objects with a type", false)]
    [InlineData("""{"plugins":[]}""", "has plugins that are not a list of objects with a type", false)]
    [InlineData("""{"plugins":["bridge"]}""", "has plugins that are not a list of objects with a type", false)]
    [InlineData("{\"type\":\"\uD800\"}", null, false)]
    [InlineData("""{"type":"\ud800"}""", "is not JSON: ", false)]
    public void What_is_wrong_is_told_and_whose_macs_pass(string configuration, string? mistake, bool passes)
    {
        var found = CniConfigurations.Mistake(configuration);

        Assert.Equal(mistake is null, found is null);
        Assert.StartsWith(mistake ?? "", found ?? "", StringComparison.Ordinal);
        Assert.Equal(passes, CniConfigurations.PassesAnyMac(configuration));
    }
}
