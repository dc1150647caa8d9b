using Migration.Node.Networks;

namespace Migration.Node.Tests.Networks;

public sealed class ResolverConfigurationTests
{
    private static readonly GuestLease Empty = new() { Mac = "02:00:00:00:00:01" };

    [Fact]
    public void Cluster_pods_file_becomes_servers_domains_and_the_longest_as_the_domain()
    {
        var read = ResolverConfiguration.Parse("# made by the kubelet\nsearch default.svc.Cluster.local. svc.cluster.local cluster.local\r\nnameserver 10.96.0.10\nnameserver\tfd00::a\noptions ndots:5\n");

        Assert.Equal(["10.96.0.10", "fd00::a"], read.NameServers);
        Assert.Equal(["default.svc.cluster.local", "svc.cluster.local", "cluster.local"], read.SearchDomains);
        Assert.Equal("default.svc.cluster.local", read.Domain);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\nsearch .\n")]
    [InlineData("nameserver 10\nnameserver\nnameserver name.example\nsearch -\u00e4 a..b\n")]
    public void What_is_no_use_to_a_guest_is_replaced(string text)
    {
        var read = ResolverConfiguration.Parse(text);

        Assert.Equal(["8.8.8.8"], read.NameServers);
        Assert.Equal(["cluster.local"], read.SearchDomains);
    }

    [Fact]
    public void What_the_lease_says_already_stays()
    {
        var own = Empty with { NameServers = ["192.0.2.53"], SearchDomains = ["a.example", "long.b.example"] };
        var read = ResolverConfiguration.Parse("nameserver 10.96.0.10\nsearch cluster.local\n");

        var completed = read.Complete(own);

        Assert.Equal((own.NameServers, own.SearchDomains, "long.b.example"), (completed.NameServers, completed.SearchDomains, completed.Domain));
        Assert.Equal(["10.96.0.10"], read.Complete(Empty).NameServers);
        Assert.Equal("kept.example", read.Complete(Empty with { Domain = "kept.example" }).Domain);
    }
}
