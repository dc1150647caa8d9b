using Migration.Protos;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>Real clients behind the tap of a pod with both families, served by the node. tshark reads everything that the node sent.</summary>
public sealed class ClientTests
{
    private static readonly string Keep = """
        env >"$FOLDER/unfinished"; mv "$FOLDER/unfinished" "$FOLDER/$reason"
        """;

    [Fact]
    public async Task The_kernel_alone_gets_a_router_but_no_address_by_itself()
    {
        await using var served = await ServedGuest.StartAsync();

        await served.EventuallyAsync(async () => (await served.GatewaysAsync(6)).Count > 0, "a router is advertised");

        Assert.Equal(["fe80::6d:69ff:fe67:7202"], await served.GatewaysAsync(6));
        Assert.Empty(await served.AddressesAsync());
        Assert.Contains("fd09::/64 dev eth0 proto kernel", await served.Guest.IpAsync("-6 route"));
        await served.JudgeAsync();
        Assert.Equal("1\t1\t0", (await served.TsharkAsync("-Y", "icmpv6.type == 134", "-T", "fields", "-e", "icmpv6.nd.ra.flag.m", "-e", "icmpv6.nd.ra.flag.o", "-e", "icmpv6.opt.prefix.flag.a")).Split('\n')[0]);
    }

    [Fact]
    public async Task Dhclient_leases_both_families_across_a_restart_of_the_node_and_releases()
    {
        await using var served = await ServedGuest.StartAsync(nic: new Interface
        {
            Name = "default", PodInterface = "eth0", Binding = Binding.Bridge,
            DhcpOptions = new DhcpOptions { BootFileName = "boot.efi", TftpServerName = "tftp.example", NtpServers = { "10.9.0.1" }, PrivateOptions = { [240] = "private" } },
        });
        var script = served.WriteScript("script", $"""
            case $reason in
              PREINIT6) while ip -6 addr show dev "$interface" tentative | grep -q inet6; do sleep 0.05; done ;;
              BOUND|RENEW|REBIND|REBOOT) ip addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"; ip route replace default via "$new_routers" ;;
              BOUND6|RENEW6|REBIND6) ip -6 addr replace "$new_ip6_address/128" dev "$interface" ;;
            esac
            {Keep}
            """);
        File.WriteAllText(served.At("dhclient.conf"), """
            option private code 240 = string;
            request subnet-mask, routers, host-name, interface-mtu, ntp-servers, tftp-server-name, bootfile-name, private;
            also request dhcp6.name-servers, dhcp6.domain-search;
            """);
        string Client(string arguments, string family) => $"dhclient {arguments} -cf {served.At("dhclient.conf")} -sf {script} -lf {served.At($"leases{family}")} -pf {served.At($"{family}.pid")} eth0";

        await served.Guest.ExecuteAsync(Client("-4 -1", "4"));
        var four = served.Given("BOUND");
        Assert.Equal((ServedGuest.Address4, "255.255.255.0", "10.9.0.1", "1500"), (four["new_ip_address"], four["new_subnet_mask"], four["new_routers"], four["new_interface_mtu"]));
        Assert.Equal("private", four["new_private"]);
        await served.Guest.ExecuteAsync(Client("-6 -1", "6"));
        Assert.Equal(ServedGuest.Address6, served.Given("BOUND6")["new_ip6_address"]);
        await served.EventuallyAsync(async () => (await served.AddressesAsync()).Order().SequenceEqual([ServedGuest.Address4, ServedGuest.Address6]), "both addresses are the guest's alone");
        await served.ReachesFarAwayAsync();
        Assert.True((await served.StatusAsync()).Leased);

        await served.Lab.A.RestartAsync();
        await StopAsync(served, Client, "4");
        await StopAsync(served, Client, "6");
        await served.Guest.ExecuteAsync(Client("-4 -1", "4"));
        Assert.Equal(ServedGuest.Address4, served.Given("REBOOT")["new_ip_address"]);
        // DHCPv6's INIT-REBOOT is Confirm.
        await served.Guest.ExecuteAsync(Client("-6 -1", "6"));

        await served.Guest.ExecuteAsync(Client("-4 -r", "4"));
        await served.Guest.ExecuteAsync(Client("-6 -r", "6"));
        await served.EventuallyAsync(async () => (await served.AddressesAsync()).Count <= 2, "it released");
        await served.JudgeAsync();
        Assert.Equal("1,2,5,7", Types(await served.TsharkAsync("-Y", "dhcp", "-T", "fields", "-e", "dhcp.option.dhcp"), "1", "2", "5", "7"));
        Assert.Equal("1,2,4,7,8", Types(await served.TsharkAsync("-Y", "dhcpv6", "-T", "fields", "-e", "dhcpv6.msgtype"), "1", "2", "4", "7", "8"));
    }

    private static async Task StopAsync(ServedGuest served, Func<string, string, string> client, string family) =>
        await served.Guest.ExecuteAsync(client($"-{family} -x", family));

    private static string Types(string output, params string[] wanted) =>
        string.Join(',', output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Intersect(wanted).Order(StringComparer.Ordinal));
}
