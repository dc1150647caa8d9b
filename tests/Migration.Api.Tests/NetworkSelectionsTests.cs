namespace Migration.Api.Tests;

/// <summary>The annotation by which pods ask for networks: both forms, and what is wrong with those that are neither.</summary>
public sealed class NetworkSelectionsTests
{
    [Theory]
    [InlineData("lan", "default/lan")]
    [InlineData("infra/lan", "infra/lan")]
    [InlineData("lan@net7", "default/lan@net7")]
    [InlineData(" infra/lan@net7 ,wan,\tinfra/lan\n", "infra/lan@net7 default/wan infra/lan")]
    [InlineData("v1.2-net", "default/v1.2-net")]
    [InlineData("", "")]
    [InlineData("  ", "")]
    [InlineData("[]", "")]
    [InlineData("""[{"name":"lan"},{"name":"lan","namespace":"infra","interface":"net7"}]""", "default/lan infra/lan@net7")]
    [InlineData("""[{"name":"lan","namespace":""}]""", "default/lan")]
    public void Both_forms_are_read(string annotation, string expected)
    {
        Assert.True(NetworkSelections.TryParse(annotation, "default", out var selections, out var error), error);

        Assert.Equal(expected, string.Join(' ', selections.Select(selection => selection.Definition + (selection.Interface is { } name ? "@" + name : ""))));
    }

    [Fact]
    public void What_an_element_asks_for_is_read_and_written_back_with_what_is_not_known()
    {
        const string annotation = """[{"name":"lan","namespace":"infra","mac":"02:00:00:00:00:07","interface":"net7","ips":["10.1.0.5/24","fd00::5"],"default-route":["10.1.0.1"],"cni-args":{"a":[1]},"bandwidth":{"ingressRate":1},"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"TCP","hostIP":"10.0.0.1"}],"infiniband-guid":"00:11:22:33:44:55:66:7F","x":{"y":1}}]""";

        Assert.True(NetworkSelections.TryParse(annotation, "default", out var selections, out var error), error);

        var selection = Assert.Single(selections);
        Assert.Equal(("02:00:00:00:00:07", "10.1.0.5/24", "fd00::5", "10.1.0.1"), (selection.Mac, selection.Ips![0], selection.Ips[1], selection.DefaultRoute![0]));
        Assert.Equal("""{"a":[1]}""", selection.CniArgs!.Value.GetRawText());
        Assert.Equal(
            [("bandwidth", """{"ingressRate":1}"""), ("portMappings", """[{"hostPort":8080,"containerPort":80,"protocol":"TCP","hostIP":"10.0.0.1"}]"""), ("infinibandGUID", "\"00:11:22:33:44:55:66:7F\"")],
            SelectionCapabilities.Of(selection).Select(one => (one.Capability, one.Argument)));
        Assert.Equal(annotation, NetworkSelections.Write(selections));
    }

    [Theory]
    [InlineData(",", "'' is not a network")]
    [InlineData("lan,", "'' is not a network")]
    [InlineData("a/b/c", "'a/b/c' is not a network")]
    [InlineData("lan@a@b", "'lan@a@b' is not a network")]
    [InlineData("/lan", "'/lan' is not a network")]
    [InlineData("lan@", "'lan@' is not a network")]
    [InlineData("la n", "'la n' is not a network")]
    [InlineData("Lan", "'default/Lan' does not name")]
    [InlineData("../../etc", "'../../etc' is not a network")]
    [InlineData("..", "'default/..' does not name")]
    [InlineData("lan\u0000", "'default/lan\u0000' does not name")]
    [InlineData("lan@sixteen-letters-", "default/lan: 'sixteen-letters-' is not the name of a network interface")]
    [InlineData("lan@eth0", "default/lan: 'eth0' is not the name")]
    [InlineData("lan@lo", "default/lan: 'lo' is not the name")]
    [InlineData("lan@a:b", "default/lan: 'a:b' is not the name")]
    [InlineData("lan@net1,wan@net1", "default/wan: interface 'net1' is asked for twice")]
    [InlineData("[", "is not a list of networks: ")]
    [InlineData("{\"name\":\"lan\"}", "is not a list of networks: ")]
    [InlineData("\"lan\"", "is not a list of networks: ")]
    [InlineData("[null]", "is not a list of networks")]
    [InlineData("[\"lan\"]", "is not a list of networks: ")]
    [InlineData("[{}]", "'default/' does not name")]
    [InlineData("""[{"name":"\ud800"}]""", "is not a list of networks: ")]
    [InlineData("""[{"name":7}]""", "is not a list of networks: ")]
    [InlineData("""[{"name":"lan","namespace":"a/b"}]""", "'a/b/lan' does not name")]
    [InlineData("""[{"name":"lan","interface":"a/b"}]""", "default/lan: 'a/b' is not the name")]
    [InlineData("""[{"name":"lan","mac":"02:00:00:00:00"}]""", "default/lan: '02:00:00:00:00' is not a MAC")]
    [InlineData("""[{"name":"lan","ips":"10.0.0.1"}]""", "is not a list of networks: ")]
    [InlineData("""[{"name":"lan","ips":["10.0.0.1/33"]}]""", "default/lan: '10.0.0.1/33' is not an IP address")]
    [InlineData("""[{"name":"lan","ips":["1"]}]""", "default/lan: '1' is not an IP address")]
    [InlineData("""[{"name":"lan","ips":["fe80::1%eth0"]}]""", "default/lan: 'fe80::1%eth0' is not an IP address")]
    [InlineData("""[{"name":"lan","default-route":["gateway"]}]""", "default/lan: default-route 'gateway' is not an IP address")]
    [InlineData("""[{"name":"lan","default-route":["10.0.0.1"]},{"name":"wan","default-route":["10.0.0.2"]}]""", "default/wan: only one network can have a default-route")]
    [InlineData("""[{"name":"lan","cni-args":"a"}]""", "default/lan: cni-args is not an object")]
    [InlineData("""[{"name":"lan","bandwidth":8}]""", "default/lan: bandwidth is not an object")]
    [InlineData("""[{"name":"lan","bandwidth":{"rate":8}}]""", "default/lan: bandwidth.rate is not one of ingressRate")]
    [InlineData("""[{"name":"lan","bandwidth":{"ingressRate":-1}}]""", "default/lan: bandwidth.ingressRate is not one of")]
    [InlineData("""[{"name":"lan","bandwidth":{"ingressRate":"8M"}}]""", "default/lan: bandwidth.ingressRate is not one of")]
    [InlineData("""[{"name":"lan","portMappings":{}}]""", "default/lan: portMappings is not a list")]
    [InlineData("""[{"name":"lan","portMappings":[80]}]""", "default/lan: portMappings holds something")]
    [InlineData("""[{"name":"lan","portMappings":[{"hostPort":80}]}]""", "default/lan: portMappings: containerPort is not a port")]
    [InlineData("""[{"name":"lan","portMappings":[{"hostPort":0,"containerPort":80}]}]""", "default/lan: portMappings: hostPort is not a port")]
    [InlineData("""[{"name":"lan","portMappings":[{"hostPort":80,"containerPort":80,"protocol":"icmp"}]}]""", "default/lan: portMappings: protocol \"icmp\" is none of tcp")]
    [InlineData("""[{"name":"lan","portMappings":[{"hostPort":80,"containerPort":80,"hostIP":"here"}]}]""", "default/lan: portMappings: hostIP \"here\" is not an IP address")]
    [InlineData("""[{"name":"lan","infiniband-guid":"00:11"}]""", "default/lan: infiniband-guid '00:11' is not eight octets")]
    public void What_is_neither_form_is_refused_as_a_whole(string annotation, string expected)
    {
        Assert.False(NetworkSelections.TryParse(annotation, "default", out var selections, out var error));

        Assert.Null(selections);
        Assert.StartsWith(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_anybody_writes_is_an_exception()
    {
        var random = new Random(20261120);
        string[] seeds = ["infra/lan@net7,wan", """[{"name":"lan","namespace":"infra","mac":"02:00:00:00:00:07","ips":["10.1.0.5/24"],"cni-args":{"a":[1]}}]"""];
        const string letters = "ab/@,[]{}\":.\\ 0\u0000\n\uD800é";
        for (var round = 0; round < 20_000; round++)
        {
            var text = seeds[round % seeds.Length].ToCharArray();
            for (var change = random.Next(1, 4); change > 0; change--)
                text[random.Next(text.Length)] = letters[random.Next(letters.Length)];

            if (NetworkSelections.TryParse(new string(text), "default", out var selections, out var error))
                Assert.True(NetworkSelections.TryParse(NetworkSelections.Write(selections), "elsewhere", out var again, out error) && again.Count == selections.Count, $"{new string(text)}: {error}");
            else
                Assert.NotEmpty(error);
        }
    }

    [Fact]
    public void A_list_that_nests_without_end_is_refused()
    {
        var deep = """[{"name":"lan","cni-args":""" + string.Concat(Enumerable.Repeat("{\"a\":", 10_000)) + "1" + new string('}', 10_000) + "}]";

        Assert.False(NetworkSelections.TryParse(deep, "default", out _, out var error));
        Assert.StartsWith("is not a list of networks", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("{}")]
    [InlineData("[null]")]
    public void A_status_that_cannot_be_read_says_nothing(string? annotation) => Assert.Empty(NetworkStatuses.Read(annotation));

    [Fact]
    public void A_status_keeps_what_is_not_known_of_it()
    {
        const string annotation = """[{"name":"cbr0","interface":"eth0","ips":["10.244.1.7"],"mac":"02:00:00:00:00:07","mtu":1450,"default":true,"dns":{},"device-info":{"type":"pci"}}]""";

        Assert.Equal(annotation, NetworkStatuses.Write(NetworkStatuses.Read(annotation)));
    }
}
