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

        await served.ExecuteAsync(Client("-4 -1", "4"));
        var four = served.Given("BOUND");
        Assert.Equal((ServedGuest.Address4, "255.255.255.0", "10.9.0.1", "1500"), (four["new_ip_address"], four["new_subnet_mask"], four["new_routers"], four["new_interface_mtu"]));
        Assert.Equal("private", four["new_private"]);
        await served.ExecuteAsync(Client("-6 -1", "6"));
        Assert.Equal(ServedGuest.Address6, served.Given("BOUND6")["new_ip6_address"]);
        await served.EventuallyAsync(async () => (await served.AddressesAsync()).Order().SequenceEqual([ServedGuest.Address4, ServedGuest.Address6]), "both addresses are the guest's alone");
        await served.ReachesFarAwayAsync();
        Assert.True((await served.StatusAsync()).Leased);

        await served.Lab.A.RestartAsync();
        await StopAsync(served, Client, "4");
        await StopAsync(served, Client, "6");
        await served.ExecuteAsync(Client("-4 -1", "4"));
        Assert.Equal(ServedGuest.Address4, served.Given("REBOOT")["new_ip_address"]);
        // DHCPv6's INIT-REBOOT is Confirm.
        await served.ExecuteAsync(Client("-6 -1", "6"));

        await served.ExecuteAsync(Client("-4 -r", "4"));
        await served.ExecuteAsync(Client("-6 -r", "6"));
        await served.EventuallyAsync(async () => (await served.AddressesAsync()).Count <= 2, "it released");
        await served.JudgeAsync();
        Assert.Equal("1,2,5,7", Types(await served.TsharkAsync("-Y", "dhcp", "-T", "fields", "-e", "dhcp.option.dhcp"), "1", "2", "5", "7"));
        Assert.Equal("1,2,4,7,8", Types(await served.TsharkAsync("-Y", "dhcpv6", "-T", "fields", "-e", "dhcpv6.msgtype"), "1", "2", "4", "7", "8"));
    }

    [Fact]
    public async Task Dhclient_that_reaches_no_server_by_its_address_asks_everybody_again()
    {
        await using var served = await ServedGuest.StartAsync([$"{ServedGuest.Address4}/24"], null, "--lease-time", "8");
        // What is sent to the server alone goes through the guest's own stack; what is broadcast does not.
        await served.Guest.ExecuteAsync("nft add table ip filter { chain output { type filter hook output priority 0; udp dport 67 counter drop; }; }");
        var script = served.WriteScript("script", $"""
            case $reason in
              BOUND|RENEW|REBIND|REBOOT) ip addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"; ip route replace default via "$new_routers" ;;
            esac
            {Keep}
            """);
        // It asks again within the second, and not after ten, when the lease is over.
        File.WriteAllText(served.At("dhclient.conf"), "initial-interval 1; backoff-cutoff 1;");
        using var client = served.Start("dhclient", $"dhclient -4 -d -cf {served.At("dhclient.conf")} -sf {script} -lf {served.At("leases")} -pf {served.At("pid")} eth0");

        // So it calls what it did, though it had to ask everybody.
        await served.EventuallyAsync(() => Task.FromResult(File.Exists(served.At("RENEW"))), "the lease is given again");

        var (bound, again) = (served.Given("BOUND"), served.Given("RENEW"));
        Assert.Equal(("8", "4", "7"), (bound["new_dhcp_lease_time"], bound["new_dhcp_renewal_time"], bound["new_dhcp_rebinding_time"]));
        Assert.Equal((ServedGuest.Address4, ServedGuest.Address4), (bound["new_ip_address"], again["new_ip_address"]));
        await served.JudgeAsync();
        // RFC 2131 §4.3.2, table 4: it has its address, so asks for none and names no server.
        const string rebinding = $"dhcp.option.dhcp == 3 && dhcp.ip.client == {ServedGuest.Address4}";
        Assert.Equal("255.255.255.255", string.Join(' ', (await served.TsharkAsync("-Y", rebinding, "-T", "fields", "-e", "ip.dst", "-e", "dhcp.option.dhcp_server_id", "-e", "dhcp.option.requested_ip_address"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd('\t')).Distinct()));
    }

    [Fact]
    public async Task Networkd_configures_both_families_by_itself()
    {
        await using var served = await ServedGuest.StartAsync();
        File.WriteAllText(served.At("eth0.network"), "[Match]\nName=eth0\n[Network]\nDHCP=yes\n[DHCPv4]\nUseMTU=yes\n");
        // Without udev: networkd waits for it as long as /sys is writable. Its own /run is a folder of ours.
        var script = served.WriteScript("script", """
            mount --make-rprivate / && mount -t tmpfs none /run && umount -l /sys && mount -t sysfs -o ro none /sys || exit 1
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/udev/data
            cp "$FOLDER/eth0.network" /run/systemd/network/
            chown -R systemd-network:systemd-network /run/systemd/netif
            echo I:1 >/run/udev/data/n$(cat /sys/class/net/eth0/ifindex)
            exec /lib/systemd/systemd-networkd
            """);
        using var client = served.Start("networkd", $"unshare -m {script}");

        await HasBothAsync(served);
        Assert.Contains("default via 10.9.0.1 dev eth0 proto dhcp src 10.9.0.5", await served.Guest.IpAsync("route"));
        Assert.Equal(["fe80::6d:69ff:fe67:7202"], await served.GatewaysAsync(6));
        await served.ReachesFarAwayAsync();
        await served.JudgeAsync();
    }

    [Theory]
    [InlineData(Binding.Bridge, "cable", ServedGuest.Address4, ServedGuest.Address6, "fe80::6d:69ff:fe67:7202")]
    [InlineData(Binding.Bridge, "takeover", ServedGuest.Address4, ServedGuest.Address6, "fe80::6d:69ff:fe67:7202")]
    [InlineData(Binding.Masquerade, "auto", "10.0.2.2", "fd10:0:2::2", "fe80::ff:fe00:0")]
    public async Task Dhcpcd_configures_both_families_behind_every_wiring_and_renews(Binding binding, string wiring, string address4, string address6, string router)
    {
        await using var served = await ServedGuest.StartAsync(null, new Interface { Name = "default", PodInterface = "eth0", Binding = binding }, "--wiring", wiring);
        var script = served.WriteScript("script", Keep);
        File.WriteAllText(served.At("dhcpcd.conf"), $"duid\noption domain_name_servers, domain_search, interface_mtu\nscript {script}\n");
        // Its files are in places of its own: the machine's are none of the guest's business.
        var start = served.WriteScript("start", """
            mount --make-rprivate / && mount -t tmpfs none /run && mkdir -p /run/dhcpcd && mount -t tmpfs none /var/lib/dhcpcd || exit 1
            exec dhcpcd --nobackground --config "$FOLDER/dhcpcd.conf" --noarp eth0
            """);
        // Its helpers do not end with it, unless it is the first process of a space of its own.
        using var client = served.Start("dhcpcd", $"unshare --mount --pid --fork --kill-child {start}");

        await HasBothAsync(served, address4, address6);
        Assert.Equal([router], await served.GatewaysAsync(6));
        await served.ReachesFarAwayAsync();
        await served.Lab.A.RestartAsync();
        await Testing.Shell.RunAsync("kill", "-USR1", File.ReadAllText($"/proc/{client.Id}/task/{client.Id}/children").Trim());
        await served.EventuallyAsync(() => Task.FromResult(new[] { "RENEW", "RENEW6" }.All(occasion => File.Exists(served.At(occasion)))), "both leases are renewed by the new process");
        await served.JudgeAsync();
    }

    // The kernel's own ip=dhcp is not in Debian's kernels (CONFIG_IP_PNP is not set): their initramfs has this program for it.
    [Fact]
    public async Task Ipconfig_of_an_initramfs_takes_ip_dhcp()
    {
        await using var served = await ServedGuest.StartAsync(["10.9.0.5/24"]);

        var said = await served.Guest.ExecuteAsync("/usr/lib/klibc/bin/ipconfig -t 60 -c dhcp -d eth0");

        Assert.Matches(@"address: 10\.9\.0\.5\s+broadcast: 10\.9\.0\.255\s+netmask: 255\.255\.255\.0", said);
        Assert.Matches(@"routes : 0\.0\.0\.0/0 via 10\.9\.0\.1", said);
        Assert.Equal([ServedGuest.Address4], await served.AddressesAsync());
        await served.Guest.ExecuteAsync($"ping -c 2 -i 0.2 -W 5 {ServedGuest.FarAway4}");
        await served.JudgeAsync();
    }

    private static Task HasBothAsync(ServedGuest served, string address4 = ServedGuest.Address4, string address6 = ServedGuest.Address6) => served.EventuallyAsync(
        async () => (await served.AddressesAsync()).Order().SequenceEqual([address4, address6])
            && (await served.GatewaysAsync(4)).Count > 0 && (await served.GatewaysAsync(6)).Count > 0,
        "both addresses are the guest's alone, with a default route each");

    private static async Task StopAsync(ServedGuest served, Func<string, string, string> client, string family) =>
        await served.ExecuteAsync(client($"-{family} -x", family));

    private static string Types(string output, params string[] wanted) =>
        string.Join(',', output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct().Intersect(wanted).Order(StringComparer.Ordinal));
}
