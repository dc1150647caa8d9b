using Migration.Testing;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>
/// A DHCP server and router of the network itself (dnsmasq, behind the pod's NIC): heard where the node has no lease for the guest, not
/// heard where it has, and each family for itself.
/// </summary>
public sealed class ForeignServerTests
{
    [Fact]
    public async Task Plain_nic_hears_the_networks_own_servers()
    {
        await using var served = await ServedGuest.StartAsync([]);
        using var dnsmasq = await ServeOutsideAsync(served);

        Assert.Matches(@"ip=10\.9\.0\.1\d\d .* server=10\.9\.0\.1 ", await served.Stack.UdhcpcAsync(served.Folder));
        await HasAddressFromTheNetworkAsync(served);
    }

    [Fact]
    public async Task Lease_of_one_family_leaves_the_other_to_the_network()
    {
        await using var served = await ServedGuest.StartAsync([$"{ServedGuest.Address4}/24"]);
        using var dnsmasq = await ServeOutsideAsync(served);

        Assert.Matches($"ip={ServedGuest.Address4} .* server=169.254.75.10 ", await served.Stack.UdhcpcAsync(served.Folder));
        await HasAddressFromTheNetworkAsync(served);
    }

    [Fact]
    public async Task Guest_with_leases_of_both_families_is_deaf_to_the_network()
    {
        await using var served = await ServedGuest.StartAsync();
        using var dnsmasq = await ServeOutsideAsync(served);
        await served.EventuallyAsync(() => Task.FromResult(served.Said("dnsmasq").Contains("RTR-ADVERT(cni0)", StringComparison.Ordinal)), "the network's router has advertised itself");

        Assert.Matches($"ip={ServedGuest.Address4} .* server=169.254.75.10 ", await served.Stack.UdhcpcAsync(served.Folder));
        await served.EventuallyAsync(async () => (await served.GatewaysAsync(6)).Count > 0, "the node's router is advertised");
        // What the network's router said before it answered this is through, or it is not coming.
        await served.Guest.ExecuteAsync("ping -c 2 -i 0.2 -W 5 10.9.0.1");

        Assert.DoesNotContain(await served.AddressesAsync(), address => address.Contains(':'));
        await served.JudgeAsync();
        Assert.Equal("fe80::6d:69ff:fe67:7202", string.Join(' ', (await served.TsharkAsync("-Y", "icmpv6.type == 134", "-T", "fields", "-e", "ipv6.src")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct()));
        // And nothing that it asked the node has reached the network.
        Assert.DoesNotContain(ServedGuest.Mac, served.Said("dnsmasq"));
    }

    [Fact]
    public async Task Guest_that_finds_its_address_taken_declines_it_and_the_node_says_so()
    {
        await using var served = await ServedGuest.StartAsync();
        // Somebody else on the network was given the guest's address by hand.
        await served.Router.Namespace.IpAsync($"addr add {ServedGuest.Address4}/32 dev cni0");

        await Assert.ThrowsAsync<ShellException>(() => served.Stack.UdhcpcAsync(served.Folder, "-a"));

        await served.EventuallyAsync(() => Task.FromResult(served.Lab.A.Log.Contains("declined it: 10.9.0.5/24", StringComparison.Ordinal)), "the node warns");
        await served.JudgeAsync();
        Assert.Contains("4", (await served.TsharkAsync("-Y", "dhcp", "-T", "fields", "-e", "dhcp.option.dhcp")).Split('\n'));
    }

    private static Task HasAddressFromTheNetworkAsync(ServedGuest served) => served.EventuallyAsync(
        async () => (await served.AddressesAsync()).Any(address => address.StartsWith("fd09:", StringComparison.Ordinal)), "the guest has an address by the network's own router");

    private static async Task<TiedProcess> ServeOutsideAsync(ServedGuest served)
    {
        await served.Router.Namespace.IpAsync("addr replace 10.9.0.1/24 dev cni0");
        await served.Router.Namespace.IpAsync("addr replace fd09::1/64 dev cni0 nodad");
        served.Router.Namespace.WaitUntilUp("cni0");
        var dnsmasq = TiedProcess.Start(
            "/usr/bin/nsenter",
            [
                $"--net={served.Router.Namespace.Path}", "--", "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--port=0", "--user=root",
                "--interface=cni0", "--bind-interfaces", "--dhcp-range=10.9.0.100,10.9.0.199", "--no-ping", "--dhcp-range=fd09::,ra-only", "--enable-ra", "--log-dhcp",
                $"--dhcp-leasefile={served.At("outside.leases")}", $"--pid-file={served.At("dnsmasq.pid")}",
            ],
            served.At("dnsmasq"), served.At("dnsmasq"));
        await served.EventuallyAsync(() => Task.FromResult(served.Said("dnsmasq").Contains("router advertisement on fd09::", StringComparison.Ordinal)), "dnsmasq serves");
        return dnsmasq;
    }
}
