using System.Net.Sockets;
using Migration.Netlink;
using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class MasqueradeTests
{
    private static readonly InterfacePlan Plan = new() { Name = "default", Binding = BindingKind.Masquerade };

    [Fact]
    public void A_guest_gets_a_network_of_each_family_that_its_pod_has()
    {
        Assert.Equal(["10.0.2.0/24 10.0.2.1 10.0.2.2", "fd10:0:2::/120 fd10:0:2::1 fd10:0:2::2"], Networks(Plan, Nic("10.244.1.5/24", "fd00:244::5/64")));
        Assert.Equal(["10.0.2.0/24 10.0.2.1 10.0.2.2"], Networks(Plan, Nic("10.244.1.5/24")));
        Assert.Equal(["fd10:0:2::/120 fd10:0:2::1 fd10:0:2::2"], Networks(Plan, Nic("fd00:244::5/64")));
        Assert.Contains("has no address", Assert.Throws<RefusedException>(() => MasqueradeNetwork.Plan(Plan, Nic())).Message);
    }

    [Fact]
    public void Other_networks_may_be_asked_for_as_far_as_they_are_free()
    {
        var nic = Nic("10.244.1.5/24", "fd00:244::5/64");
        Assert.Equal(["172.30.0.0/30 172.30.0.1 172.30.0.2", "fd66::/126 fd66::1 fd66::2"], Networks(Plan with { GuestNetworks = ["fd66::/126", "172.30.0.0/30"] }, nic));
        Refused("too small", ["172.30.0.0/31"]);
        Refused("too small", ["fd66::/127"]);
        Refused("one is enough", ["172.30.0.0/24", "172.31.0.0/24"]);
        Refused("overlaps 10.244.1.0/24", ["10.244.0.0/16"]);
        Refused("overlaps 10.244.1.0/24", ["10.244.1.128/25"]);

        void Refused(string words, string[] networks) =>
            Assert.Contains(words, Assert.Throws<RefusedException>(() => MasqueradeNetwork.Plan(Plan with { GuestNetworks = networks }, nic)).Message);
    }

    [Fact]
    public void A_guest_that_brings_its_lease_keeps_what_it_has()
    {
        var lease = new GuestLease { Mac = "02:00:00:00:00:01", Addresses = ["192.168.66.7/24"], Gateway = "192.168.66.1" };
        Assert.Equal(["192.168.66.0/24 192.168.66.1 192.168.66.7"], Networks(Plan with { Lease = lease }, Nic("10.244.1.5/24", "fd00:244::5/64")));
        Assert.Contains("overlaps", Assert.Throws<RefusedException>(() => MasqueradeNetwork.Plan(Plan with { Lease = lease }, Nic("192.168.0.5/16"))).Message);
        Assert.Contains("is the bridge's", Assert.Throws<RefusedException>(() =>
            MasqueradeNetwork.Plan(Plan with { Lease = lease with { Addresses = ["192.168.66.1/24"] } }, Nic("10.244.1.5/24"))).Message);
    }

    [Fact]
    public void Each_declared_port_has_a_rule_in_each_chain_and_none_means_all()
    {
        var names = PodNicNames.Of("eth0");
        var network = MasqueradeNetwork.Plan(Plan, Nic("10.244.1.5/24")).Single();
        Assert.Equal((1, 1, 1, 0), Count(MasqueradeTable.For(names, network, [])));
        Assert.Equal((3, 3, 3, 1), Count(MasqueradeTable.For(names, network, [new("tcp", 80, 80), new("udp", 1, 65535), new("sctp", 7, 9)])));

        static (int, int, int, int) Count(MasqueradeTable table)
        {
            int In(string chain) => table.Rules.Count(rule => rule.Chain == chain);
            Assert.All(table.Rules, rule => Assert.Single(rule.Expressions.OfType<FilterExpression.Counter>()));
            Assert.All(table.Rules, rule => Assert.Contains(table.Chains, chain => chain.Name == rule.Chain));
            return (In("output"), In("KUBEVIRT_PREINBOUND"), In("KUBEVIRT_POSTINBOUND"), In("forward"));
        }
    }

    [Fact]
    public void Parameters_survive_as_a_comment()
    {
        var before = new ParametersBefore(new Dictionary<string, string> { ["net/ipv4/ip_forward"] = "0", ["net/ipv6/conf/eth0.5/accept_ra"] = "1" });
        Assert.Equal("ipv4/ip_forward=0 ipv6/conf/eth0.5/accept_ra=1", before.ToComment());
        var table = new FilterTable(new TableName(FilterFamily.Ipv4, "migration-eth0"));
        Assert.Equal(before.Values, ParametersBefore.Of(table with { Comment = before.ToComment() }).Values);
        Assert.Null(ParametersBefore.None.ToComment());
        foreach (var strange in new[] { null, "", "words of somebody", "ipv4/ip_forward=x" })
            Assert.Empty(ParametersBefore.Of(table with { Comment = strange }).Values);
    }

    private static List<string> Networks(InterfacePlan plan, PodNic nic) => [.. MasqueradeNetwork.Plan(plan, nic).Select(one => $"{one.Network} {one.Gateway} {one.Guest}")];

    private static PodNic Nic(params string[] addresses) => new()
    {
        Link = new Link { Index = 2, Name = "eth0" },
        Identity = new NicIdentity
        {
            Index = 2, Name = "eth0", Mac = "0a:00:00:00:00:05",
            Addresses = [.. addresses.Select(text => text.Split('/')).Select(parts => new NicAddress { Address = parts[0], PrefixLength = byte.Parse(parts[1]) })],
        },
        Families = addresses.Select(text => text.Contains(':') ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork).ToHashSet(),
    };
}
