using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class AnnotatedInterfaceTests
{
    private static AnnotatedInterface? Read(string json, string podInterface = "eth0", params (string Key, string Value)[] others) =>
        AnnotatedInterface.Read(podInterface, new[] { (AnnotatedInterface.Key, json) }.Concat(others).ToDictionary(one => one.Item1, one => one.Item2));

    [Fact]
    public void Everything_about_the_binding_of_the_pods_own_nic_is_taken()
    {
        var read = Read(
            """
            {"name":"default","binding":"BINDING_MASQUERADE","mac":"02:AB:00:00:00:01","linkState":"LINK_STATE_DOWN",
             "ports":[{"protocol":"udp","first":53},{"first":80,"last":90}],"guestNetworks":["10.7.0.0/24"],
             "dhcpOptions":{"bootFileName":"b","ntpServers":["10.0.0.9"],"privateOptions":{"240":"x"}}}
            """, "eth0", ("kubevirt.io/domain", "vm-1"))!;

        Assert.Empty(read.Ignored);
        Assert.Equal("vm-1", read.HostName);
        Assert.Equal(("default", "eth0", BindingKind.Masquerade, "02:ab:00:00:00:01", LinkState.Down, 1), (read.Plan.Name, read.Plan.PodInterface, read.Plan.Binding, read.Plan.Mac, read.Plan.LinkState, read.Plan.Queues));
        Assert.Equal([new("udp", 53, 53), new("tcp", 80, 90)], read.Plan.Ports);
        Assert.Equal(["10.7.0.0/24"], read.Plan.GuestNetworks);
        Assert.Equal(("b", "10.0.0.9", "x"), (read.Plan.DhcpOptions.BootFileName, read.Plan.DhcpOptions.NtpServers[0], read.Plan.DhcpOptions.Private[240]));
    }

    [Theory]
    [InlineData("""{"name":"a","guest_networks":["10.7.0.0/24"],"link_state":"LINK_STATE_UP"}""")]
    [InlineData("""{"name":"a","guestNetworks":["10.7.0.0/24"],"linkState":1}""")]
    public void Both_spellings_of_protobuf_json_are_read(string json) => Assert.Equal(["10.7.0.0/24"], Read(json)!.Plan.GuestNetworks);

    [Fact]
    public void What_only_a_plan_may_say_is_ignored_and_named()
    {
        var read = Read(
            """
            {"name":"a","podInterface":"eth9","queues":4,"model":"e1000","lease":{"mac":"x"},"delegate":{"name":"n","configuration":"{\"type\":\"sh\"}"},
             "volumes":[1],"new\nline\u0007":{}}
            """)!;

        Assert.Equal(["podInterface", "queues", "model", "lease", "delegate", "volumes", "new?line?"], read.Ignored);
        Assert.Equal(("eth0", 1, "", null, null), (read.Plan.PodInterface, read.Plan.Queues, read.Plan.Model, read.Plan.Lease, read.Plan.Delegate));
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("null", "not a JSON object")]
    [InlineData("{", "JSON")]
    [InlineData("""{"name":"a"} x""", "invalid")]
    [InlineData("""{"name":"a","name":"b"}""", "uplicate")]
    [InlineData("""{"name":"a","guestNetworks":[],"guest_networks":[]}""", "guest_networks is there twice")]
    [InlineData("""{}""", "interface.name is empty")]
    [InlineData("""{"name":"a b"}""", "name is not letters")]
    [InlineData("""{"name":7}""", "conversion")]
    [InlineData("""{"name":"a","binding":"BINDING_SLIRP"}""", "BINDING_SLIRP")]
    [InlineData("""{"name":"a","binding":99}""", "99")]
    [InlineData("""{"name":"a","linkState":7}""", "7")]
    [InlineData("""{"name":"a","mac":"zz"}""", "'zz'")]
    [InlineData("""{"name":"a","mac":"ff:ff:ff:ff:ff:ff"}""", "is not the address of one station")]
    [InlineData("""{"name":"a","ports":[{"first":70000}]}""", "70000")]
    [InlineData("""{"name":"a","ports":[{"first":1,"proto":"x"}]}""", "proto")]
    [InlineData("""{"name":"a","ports":[{"first":-1}]}""", "-1")]
    [InlineData("""{"name":"a","ports":{"first":1}}""", "epeated")]
    [InlineData("""{"name":"a","guestNetworks":["10.7.0.0/99"]}""", "10.7.0.0/99")]
    [InlineData("""{"name":"a","dhcpOptions":{"privateOptions":{"6":"x"}}}""", "option 6")]
    [InlineData("""{"name":"a","dhcpOptions":{"ntpServers":["ntp.example"]}}""", "ntp.example")]
    [InlineData("""{"name":"a","x":[[[[[[[[[[[[1]]]]]]]]]]]]}""", "depth")]
    public void Nonsense_is_refused_with_its_reason(string json, string reason)
    {
        var refused = Assert.Throws<RefusedException>(() => Read(json));
        Assert.Equal(Refusal.Malformed, refused.Refusal);
        Assert.Contains(reason, refused.Message);
    }

    [Fact]
    public void What_is_too_long_is_refused_before_it_is_read() =>
        Assert.Contains("16384 is the limit", Assert.Throws<RefusedException>(() => Read(new string('x', 16385))).Message);

    [Theory]
    [InlineData("net1")]
    [InlineData("eth0", "kubevirt.io/migrationJobName")]
    [InlineData("eth0", "k8s.v1.cni.cncf.io/networks")]
    [InlineData("eth0", "v1.multus-cni.io/default-network")]
    public void Other_nics_arriving_machines_and_further_networks_are_the_plans(string podInterface, string other = "x") =>
        Assert.Null(Read("{", podInterface, (other, "y")));

    [Fact]
    public void Without_the_annotation_there_is_nothing() =>
        Assert.Null(AnnotatedInterface.Read("eth0", new Dictionary<string, string> { ["kubevirt.io/domain"] = "vm" }));
}
