using Migration.Node;
using Migration.Node.Networks;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Bindings;

/// <summary>
/// Pods as the CNIs of this world make them, each built by hand; a real kernel with real DHCP clients behind the tap gets what the pod had
/// and reaches whom the pod reached.
/// </summary>
public sealed class OtherCniTests
{
    private const string HostMac = "0a:00:00:00:00:01";
    private static readonly InterfacePlan Bridge = new() { Name = "default" };

    public static TheoryData<string> Wirings => ["Cable", "Takeover"];

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task Gateway_on_the_link_and_outside_the_subnet(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.65.0.5/32 dev eth0", "pod: route add 169.254.1.1 dev eth0 scope link", "pod: route add default via 169.254.1.1",
            "out: addr add 169.254.1.1/32 dev host", "out: addr add 192.0.2.1/32 dev lo", "out: link set lo up", "out: route add 10.65.0.5 dev host");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);

        Assert.Equal(("10.65.0.5/32", "169.254.1.1"), (Assert.Single(bound.Lease.Addresses), bound.Lease.Gateway));
        Assert.Contains("169.254.1.1/32 0.0.0.0", await bench.LeaseAsync(guest));
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 192.0.2.1");
        await bench.Outside.ExecuteAsync("ping -c 1 -W 20 10.65.0.5");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task Gateway_that_only_a_pinned_neighbour_entry_knows(string wiring)
    {
        // Nobody outside has these gateways, and nobody asks for the guest: everything is entered by hand, as some CNIs do.
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.65.0.5/32 dev eth0", "pod: route add 169.254.1.1 dev eth0 scope link", "pod: route add default via 169.254.1.1",
            $"pod: neigh add 169.254.1.1 lladdr {HostMac} dev eth0 nud permanent",
            "pod: addr add fd00:65::5/128 dev eth0 nodad", "pod: route add fe80::1 dev eth0", "pod: -6 route add default via fe80::1 dev eth0",
            $"pod: neigh add fe80::1 lladdr {HostMac} dev eth0 nud permanent",
            "out: link set lo up", "out: addr add 192.0.2.1/32 dev lo", "out: addr add 2001:db8::1/128 dev lo nodad",
            "out: route add 10.65.0.5 dev host", "out: -6 route add fd00:65::5 dev host",
            "out: neigh add 10.65.0.5 lladdr 0a:00:00:00:00:05 dev host", "out: neigh add fd00:65::5 lladdr 0a:00:00:00:00:05 dev host",
            "out: !sysctl -qw net.ipv4.conf.all.arp_ignore=8");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound, ipv6: true);

        Assert.Equal(["10.65.0.5/32", "fd00:65::5/128"], bound.Lease.Addresses);
        await bench.LeaseAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 192.0.2.1");
        await guest.Namespace.IpAsync("addr add fd00:65::5/128 dev eth0 nodad");
        await AdvertisedRouteAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -6 -c 1 -W 20 -I fd00:65::5 2001:db8::1");
        // The guest may know its router by the pod's name for it, too.
        await guest.Namespace.IpAsync("-6 route replace 2001:db8::1 via fe80::1 dev eth0");
        await guest.Namespace.ExecuteAsync("ping -6 -c 1 -W 20 -I fd00:65::5 2001:db8::1");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task Point_to_point_address(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.66.0.5 peer 10.66.0.1/32 dev eth0", "pod: route add default via 10.66.0.1",
            "out: addr add 10.66.0.1 peer 10.66.0.5/32 dev host", "out: link set lo up", "out: addr add 192.0.2.1/32 dev lo");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);

        Assert.Equal(("10.66.0.5/32", "10.66.0.1"), (Assert.Single(bound.Lease.Addresses), bound.Lease.Gateway));
        await bench.LeaseAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 192.0.2.1");
        bench.Detach();
        var address = (await bench.Pod.IpJsonAsync("addr show eth0"))[0].GetProperty("addr_info").EnumerateArray().First(one => one.GetProperty("family").GetString() == "inet");
        Assert.Equal(("10.66.0.5", "10.66.0.1"), (address.GetProperty("local").GetString(), address.GetProperty("address").GetString()));
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task Several_default_routes_by_metric(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.67.0.5/24 dev eth0", "pod: route add default via 10.67.0.1 metric 200", "pod: route add default via 10.67.0.2 metric 100",
            "out: addr add 10.67.0.2/24 dev host", "out: link set lo up", "out: addr add 192.0.2.1/32 dev lo");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);

        Assert.Equal(("10.67.0.2", 0), (bound.Lease.Gateway, bound.Lease.Routes.Count));
        await bench.LeaseAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 192.0.2.1");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task Default_route_with_several_next_hops(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.67.0.5/24 dev eth0", "pod: addr add fd00:67::5/64 dev eth0 nodad",
            "pod: route add default nexthop via 10.67.0.1 dev eth0 weight 1 nexthop via 10.67.0.2 dev eth0 weight 5 onlink",
            "pod: -6 route add default nexthop via fd00:67::1 dev eth0 nexthop via fd00:67::2 dev eth0");
        var routes = await bench.Pod.IpAsync("-d route") + await bench.Pod.IpAsync("-6 -d route show default");

        var bound = bench.Bind(Bridge);

        Assert.Equal("10.67.0.2", bound.Lease.Gateway);
        Assert.Equal("::/0", Assert.Single(bound.Lease.Routes).Destination);
        bench.Detach();
        Assert.Equal(routes, await bench.Pod.IpAsync("-d route") + await bench.Pod.IpAsync("-6 -d route show default"));
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task No_default_route(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync("pod: addr add 10.68.0.5/24 dev eth0", "pod: route add 10.9.0.0/16 via 10.68.0.1", "out: addr add 10.68.0.1/24 dev host");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);

        Assert.Equal("", bound.Lease.Gateway);
        Assert.Contains("router= routes=10.9.0.0/16 10.68.0.1 ", await bench.LeaseAsync(guest));
        Assert.DoesNotContain("default", await guest.Namespace.IpAsync("route"));
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.68.0.1");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task IPv6_only(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add fd00:69::5/64 dev eth0 nodad", "pod: -6 route add default via fd00:69::1",
            "out: addr add fd00:69::1/64 dev host nodad", "out: link set lo up", "out: addr add 2001:db8::1/128 dev lo nodad");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound, ipv6: true);

        Assert.Equal("fd00:69::5/64", Assert.Single(bound.Lease.Addresses));
        Assert.Contains("iaaddr fd00:69::5", await LeaseIpv6Async(bench, guest));
        await guest.Namespace.IpAsync("addr add fd00:69::5/64 dev eth0 nodad");
        await AdvertisedRouteAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -6 -c 1 -W 20 -I fd00:69::5 2001:db8::1");
        await bench.Outside.ExecuteAsync("ping -6 -c 1 -W 20 fd00:69::5");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task No_addresses_at_all_is_plain_layer_2_where_foreign_servers_are_heard(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync("out: addr add 10.70.0.1/24 dev host");
        var configuration = Path.Combine(bench.Folder, "udhcpd.conf");
        await File.WriteAllTextAsync(configuration, $"start 10.70.0.9\nend 10.70.0.9\ninterface host\nlease_file {bench.Folder}/leases\npidfile {bench.Folder}/pid\noption subnet 255.255.255.0\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(bench.Folder, "leases"), "", TestContext.Current.CancellationToken);

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);
        using var server = TiedProcess.Start("/usr/bin/nsenter", [$"--net={bench.Outside.Path}", "--", "busybox", "udhcpd", "-f", configuration], "/dev/null", Path.Combine(bench.Folder, "udhcpd"));

        Assert.Empty(bound.Lease.Addresses);
        Assert.Contains("server=10.70.0.1", await bench.LeaseAsync(guest));
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.70.0.1");
    }

    [Theory]
    [MemberData(nameof(Wirings))]
    public async Task All_addresses_of_the_nic_are_the_guests(string wiring)
    {
        using var bench = await Of(wiring).WithVethAsync(
            "pod: addr add 10.71.0.5/24 dev eth0", "pod: addr add 10.72.0.5/24 dev eth0", "pod: addr add fd00:71::5/64 dev eth0 nodad",
            "out: addr add 10.71.0.1/24 dev host", "out: addr add 10.72.0.1/24 dev host");

        var bound = bench.Bind(Bridge);
        using var guest = await bench.PlugAsync(bound);

        Assert.Equal(["10.71.0.5/24", "10.72.0.5/24", "fd00:71::5/64"], bound.Lease.Addresses);
        await bench.LeaseAsync(guest);
        await guest.Namespace.IpAsync("addr add 10.72.0.5/24 dev eth0");
        await bench.Outside.ExecuteAsync("ping -c 1 -W 20 10.71.0.5");
        await bench.Outside.ExecuteAsync("ping -c 1 -W 20 10.72.0.5");
    }

    [Fact]
    public async Task Macvlan_gives_the_guest_its_own_mac_and_no_other()
    {
        using var bench = await MacvlanAsync("Cable");

        var other = Assert.Throws<RefusedException>(() => bench.Bind(Bridge with { Mac = "0a:00:00:00:00:99" }));
        Assert.Contains("eth0 is a macvlan interface, on which a guest can only have the MAC 0a:00:00:00:00:05, not 0a:00:00:00:00:99", other.Message);
        var bound = bench.Bind(Bridge with { Mac = "0a:00:00:00:00:05" });
        using var guest = await bench.PlugAsync(bound, ipv6: true);
        await bench.LeaseAsync(guest);
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 20 10.73.0.1");
        // An address that only the guest has: its group is not one that the pod has joined.
        await guest.Namespace.IpAsync("addr add fd00:73::77/64 dev eth0 nodad");
        await bench.Outside.ExecuteAsync("ping -6 -c 1 -W 20 fd00:73::77");

        bench.Detach();
        Assert.DoesNotContain("ALLMULTI", await bench.Pod.IpAsync("link show eth0"));
    }

    [Fact]
    public async Task Macvlan_is_not_taken_over()
    {
        using var bench = await MacvlanAsync("Takeover");

        Assert.Contains("must keep its MAC", Assert.Throws<RefusedException>(() => bench.Bind(Bridge)).Message);
        Assert.DoesNotContain("tap0", await bench.Pod.IpAsync("-o link"));
    }

    private static BindingBench Of(string wiring) => new(Enum.Parse<WiringChoice>(wiring));

    private static Task<BindingBench> MacvlanAsync(string wiring) => Of(wiring).WithAsync(
        "pod: link set lo up", "out: link add parent type veth peer name far", "out: link set parent up", "out: link set far up",
        "out: addr add 10.73.0.1/24 dev far", "out: addr add fd00:73::1/64 dev far nodad",
        "out: link add link parent name mv0 address 0a:00:00:00:00:05 type macvlan mode bridge", "out: link set mv0 netns @pod name eth0", "pod: link set eth0 up",
        "pod: addr add 10.73.0.5/24 dev eth0");

    private static async Task<string> LeaseIpv6Async(BindingBench bench, LabGuestStack guest)
    {
        await BindingBench.EventuallyAsync(async () => !(await guest.Namespace.IpAsync("-6 addr show dev eth0 scope link")).Contains("tentative", StringComparison.Ordinal), "the guest's link-local address");
        var leases = Path.Combine(bench.Folder, "leases6");
        await guest.Namespace.ExecuteAsync($"dhclient -6 -1 -v -sf /bin/true -lf {leases} -pf {bench.Folder}/dhclient.pid eth0");
        await guest.Namespace.ExecuteAsync($"dhclient -6 -x -sf /bin/true -lf {leases} -pf {bench.Folder}/dhclient.pid eth0");
        return await File.ReadAllTextAsync(leases);
    }

    private static Task AdvertisedRouteAsync(LabGuestStack guest) =>
        BindingBench.EventuallyAsync(async () => (await guest.Namespace.IpAsync("-6 route show default")).Contains("proto ra", StringComparison.Ordinal), "a router advertises itself to the guest");
}
