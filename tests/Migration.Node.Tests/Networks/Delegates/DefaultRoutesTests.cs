using Migration.Node.Networks;
using Migration.Node.Networks.Delegates;

namespace Migration.Node.Tests.Networks.Delegates;

public sealed class DefaultRoutesTests
{
    private static readonly InterfacePlan Primary = new() { Name = "default" };

    [Fact]
    public void Pod_network_alone_gives_what_it_has() => Assert.Equal((null, null), Decided(Primary, Primary));

    [Fact]
    public void Beside_the_pod_network_delegates_give_none()
    {
        var blue = Delegated("blue");

        Assert.Equal((null, null), Decided(Primary, Primary, blue));
        Assert.Equal(("", ""), Decided(blue, Primary, blue));
    }

    [Fact]
    public void Without_the_pod_network_delegates_give_what_they_have()
    {
        var (blue, red) = (Delegated("blue"), Delegated("red"));

        Assert.Equal((null, null), Decided(blue, blue, red));
    }

    [Fact]
    public void Network_that_was_asked_for_it_gives_it_alone_of_its_family()
    {
        var (blue, red) = (Delegated("blue", "10.0.0.1"), Delegated("red", "fd00::1"));

        Assert.Equal(("", ""), Decided(Primary, Primary, blue, red));
        Assert.Equal(("10.0.0.1", ""), Decided(blue, Primary, blue, red));
        Assert.Equal(("", "fd00::1"), Decided(red, Primary, blue, red));
        Assert.Equal(("", null), Decided(Primary, Primary, blue));
        Assert.Equal(("10.0.0.1", ""), Decided(blue, Primary, blue));
    }

    [Fact]
    public void Lease_has_what_was_decided_and_keeps_its_other_routes()
    {
        var lease = new GuestLease { Mac = "02:00:00:00:00:01", Gateway = "10.0.0.9", Routes = [new("10.9.0.0/16", "10.0.0.9"), new("::/0", "fe80::9"), new("fd09::/64", "")] };

        Assert.Same(lease, DefaultRoutes.Apply(Primary, lease));
        var none = DefaultRoutes.Apply(Primary with { DefaultGateway4 = "", DefaultGateway6 = "" }, lease);
        var other = DefaultRoutes.Apply(Primary with { DefaultGateway4 = "10.0.0.1", DefaultGateway6 = "fe80::1" }, lease);

        Assert.Equal(("", "10.9.0.0/16 fd09::/64"), (none.Gateway, string.Join(' ', none.Routes.Select(route => route.Destination))));
        Assert.Equal(("10.0.0.1", "10.9.0.0/16 fd09::/64 ::/0"), (other.Gateway, string.Join(' ', other.Routes.Select(route => route.Destination))));
        Assert.Equal("fe80::1", other.Routes[^1].Gateway);
    }

    private static (string?, string?) Decided(InterfacePlan nic, params InterfacePlan[] all)
    {
        var decided = DefaultRoutes.Decide(nic, all);
        return (decided.DefaultGateway4, decided.DefaultGateway6);
    }

    private static InterfacePlan Delegated(string name, params string[] defaultRoute) =>
        new() { Name = name, PodInterface = name, Delegate = new() { Name = name, Configuration = "", DefaultRoute = defaultRoute } };
}
