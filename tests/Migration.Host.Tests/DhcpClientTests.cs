using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;
using Migration.Testing;
using Match = Migration.Linux.Match;

namespace Migration.Host.Tests;

/// <summary>Real DHCP clients on one end of a veth pair, our rule on the other; tshark reads what was said.</summary>
public sealed partial class DhcpClientTests : IAsyncLifetime
{
    private const string GuestMac = "02:00:0a:f4:01:05", Link = "v0";

    private static readonly DhcpServerIdentity Server = DhcpServerIdentity.ForInterface(0);

    private static readonly DhcpLease Lease = new()
    {
        Mac = MacAddress.Parse(GuestMac),
        Addresses = [InterfaceAddress.Parse("10.244.1.5/24")],
        Gateway = IPAddress.Parse("10.244.1.1"),
        Routes = [new DhcpRoute(IPNetwork.Parse("172.16.0.0/12"), IPAddress.Parse("10.244.1.1"))],
        NameServers = [IPAddress.Parse("10.96.0.10")],
        Domain = "default.svc.cluster.local",
        SearchDomains = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
        HostName = "guest",
        Mtu = 1450,
    };

    // The gateway is one that nobody answers ARP for but us, as behind a CNI that pins it.
    private static readonly GuestResponder Responder =
        new(Lease, Server, new Dictionary<IPAddress, MacAddress> { [IPAddress.Parse("10.244.1.1")] = MacAddress.Parse("0a:58:0a:f4:01:01") });

    private readonly TestNamespace _guest = TestNamespace.Create("guest"), _node = TestNamespace.Create("node");
    private readonly string _folder = TestFolder();
    private readonly List<Process> _running = [];
    private DhcpLoop _loop = null!;

    public async ValueTask InitializeAsync()
    {
        await _guest.IpAsync($"link add {Link} address {GuestMac} type veth peer name v1 netns {_node.Name}");
        await _node.IpAsync("link set v1 up");
        await _guest.IpAsync($"link set {Link} up");
        var index = (await _node.IpJsonAsync("link show dev v1"))[0].GetProperty("ifindex").GetInt32();
        _loop = new DhcpLoop(_node.Space, index, Responder);
    }

    public ValueTask DisposeAsync()
    {
        KillClients(_folder);
        foreach (var process in _running)
        {
            process.WaitForExit();
            process.Dispose();
        }
        _loop.Dispose();
        _guest.Dispose();
        _node.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Dhclient_leases_reboots_is_refused_a_wrong_address_and_releases()
    {
        var script = WriteScript("""
            case $reason in
              PREINIT) ip link set "$interface" up ;;
              BOUND|RENEW|REBIND|REBOOT)
                ip addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"
                ip route replace default via "$new_routers" ;;
            esac
            env >"$FOLDER/unfinished"; mv "$FOLDER/unfinished" "$FOLDER/$reason"
            """);
        File.WriteAllText(At("dhclient.conf"), """
            option classless-routes code 121 = array of unsigned integer 8;
            request subnet-mask, routers, classless-routes, domain-name, domain-name-servers, domain-search, host-name, interface-mtu;
            send host-name "vm";
            timeout 20;
            """);
        string Client(string mode) => $"dhclient -4 {mode} -cf {At("dhclient.conf")} -sf {script} -lf {At("leases")} -pf {At("pid")} {Link}";

        // DISCOVER, REQUEST in SELECTING
        await _guest.ExecuteAsync(Client("-1"));
        _loop.Next(DhcpOutcome.Offered);
        _loop.Next(DhcpOutcome.Acknowledged);
        var given = Given("BOUND");
        Assert.Equal("10.244.1.5", given["new_ip_address"]);
        Assert.Equal("255.255.255.0", given["new_subnet_mask"]);
        Assert.Equal("10.244.1.1", given["new_routers"]);
        Assert.Equal("12 172 16 10 244 1 1 0 10 244 1 1", given["new_classless_routes"]);
        Assert.Equal("10.96.0.10", given["new_domain_name_servers"]);
        Assert.Equal("default.svc.cluster.local. svc.cluster.local. cluster.local.", given["new_domain_search"]);
        Assert.Equal(("guest", "1450", "3600"), (given["new_host_name"], given["new_interface_mtu"], given["new_dhcp_lease_time"]));
        Assert.Equal("169.254.75.10", given["new_dhcp_server_identifier"]);
        Assert.Equal("10.244.1.5/24", await GuestAddressAsync());

        // INIT-REBOOT with what it remembers
        await StopDhclientAsync();
        await _guest.ExecuteAsync(Client("-1"));
        _loop.Next(DhcpOutcome.Acknowledged);
        Assert.Equal("10.244.1.5", Given("REBOOT")["new_ip_address"]);

        // INIT-REBOOT with an address of another network: NAK, and it begins anew
        await StopDhclientAsync();
        File.WriteAllText(At("leases"), File.ReadAllText(At("leases")).Replace("fixed-address 10.244.1.5", "fixed-address 10.99.0.7", StringComparison.Ordinal));
        File.Delete(At("BOUND"));
        await _guest.ExecuteAsync(Client("-1"));
        _loop.Next(DhcpOutcome.Refused);
        _loop.Next(DhcpOutcome.Offered);
        _loop.Next(DhcpOutcome.Acknowledged);
        Assert.Equal("10.244.1.5", Given("BOUND")["new_ip_address"]);

        await _guest.ExecuteAsync(Client("-r"));
        _loop.Next(DhcpOutcome.Released);
        await AssertDecodedAsync();
    }

    [Theory]
    [InlineData("udhcpc")]
    [InlineData("busybox udhcpc")]
    public async Task Udhcpc_leases_renews_by_unicast_and_releases(string program)
    {
        var script = WriteScript("""
            case $1 in
              deconfig) ip link set "$interface" up ;;
              bound|renew) ip addr replace "$ip/$mask" dev "$interface"; ip route replace default via "$router" ;;
            esac
            env >"$FOLDER/unfinished"; mv "$FOLDER/unfinished" "$FOLDER/$1"
            """);
        var client = Start($"{program} -f -R -i {Link} -O search -O mtu -O staticroutes -x hostname:vm -s {script}");

        _loop.Next(DhcpOutcome.Offered);
        _loop.Next(DhcpOutcome.Acknowledged);
        await UntilAsync(() => Task.FromResult(File.Exists(At("bound"))), client);
        var given = Given("bound");
        Assert.Equal(("10.244.1.5", "24", "10.244.1.1"), (given["ip"], given["mask"], given["router"]));
        Assert.Equal(("1450", "3600", "169.254.75.10"), (given["mtu"], given["lease"], given["serverid"]));
        Assert.Equal("172.16.0.0/12 10.244.1.1 0.0.0.0/0 10.244.1.1", given["staticroutes"]);
        Assert.Equal("default.svc.cluster.local svc.cluster.local cluster.local", given["search"]);

        // RENEWING: unicast to a server outside the guest's subnet, by way of the gateway, with the checksum left to the NIC.
        // (Now and then the reply is there before udhcpc has closed the socket that it asked from, and lost in it: then it asks by broadcast.)
        Assert.Equal(0, ProcessSignal(client.Id, "USR1"));
        _loop.Next(DhcpOutcome.Acknowledged);
        await UntilAsync(() => Task.FromResult(File.Exists(At("renew"))), client);

        Assert.Equal(0, ProcessSignal(client.Id, "TERM"));
        _loop.Next(DhcpOutcome.Released);
        await AssertDecodedAsync();
        Assert.Contains("10.244.1.5\t169.254.75.10\t3", await TsharkAsync("-Y", "dhcp.option.dhcp == 3", "-T", "fields", "-e", "ip.src", "-e", "ip.dst", "-e", "dhcp.option.dhcp"));
    }

    [Fact]
    public async Task Networkd_leases()
    {
        // Without udev: networkd waits for it as long as /sys is writable. Its own /run is a folder of ours.
        File.WriteAllText(At("v0.network"), "[Match]\nName=v0\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=no\nLinkLocalAddressing=no\n[DHCPv4]\nUseMTU=yes\n");
        var script = WriteScript("""
            mount --make-rprivate /
            mount -t tmpfs none /run
            umount -l /sys
            mount -t sysfs -o ro none /sys
            mkdir -p /run/systemd/network /run/systemd/netif/links /run/systemd/netif/leases /run/udev/data
            cp "$FOLDER/v0.network" /run/systemd/network/
            chown -R systemd-network:systemd-network /run/systemd/netif
            echo I:1 >/run/udev/data/n$(cat /sys/class/net/v0/ifindex)
            exec /lib/systemd/systemd-networkd
            """);
        var client = Start($"unshare -m {script}");

        _loop.Next(DhcpOutcome.Offered);
        _loop.Next(DhcpOutcome.Acknowledged);

        await UntilAsync(async () => await GuestAddressAsync() == "10.244.1.5/24", client);
        await UntilAsync(async () => (await _guest.IpAsync("route")).Contains("172.16.0.0/12 via 10.244.1.1", StringComparison.Ordinal), client);
        Assert.Contains("default via 10.244.1.1 dev v0 proto dhcp src 10.244.1.5", await _guest.IpAsync("route"));
        await AssertDecodedAsync();
    }

    [Fact]
    public async Task A_client_that_asks_for_rapid_commit_has_its_lease_in_two_messages()
    {
        var index = (await _guest.IpJsonAsync($"link show dev {Link}"))[0].GetProperty("ifindex").GetInt32();
        using var socket = PacketSocket.Open(_guest.Space, index, new PacketOptions
        {
            IgnoreOutgoing = true,
            Filter = PacketFilter.AnyOf([Match.EtherType(0x0800), Match.Ipv4Protocol(17), Match.Ipv4DestinationPort(68)]),
        });
        // As systemd 255 asks: RFC 4361 identifier (IAID and DUID), rapid commit, options 108 and 162 that we have nothing for.
        var identifier = Convert.FromHexString("ffaa3abfb800020000ab110033bdebf95e192c");
        socket.TrySend(Discover(
            new(DhcpOptionCode.ClientIdentifier, identifier),
            new(DhcpOptionCode.RapidCommit, default),
            new(DhcpOptionCode.ParameterRequestList, new byte[] { 1, 3, 6, 12, 15, 28, 42, 58, 59, 108, 114, 120, 121, 162 }),
            new(DhcpOptionCode.MaximumMessageSize, new byte[] { 0x05, 0xc0 })));

        Assert.True(socket.Wait(DhcpLoop.Limit));
        var buffer = new byte[2048];
        Assert.True(socket.TryReceive(buffer, out var frame));
        Assert.True(DhcpPacket.TryParse(buffer.AsSpan(42, frame.Length - 42), out var reply, out var reason), reason);
        Assert.Equal(DhcpMessageType.Ack, reply!.Options.MessageType);
        Assert.True(reply.Options.Contains(DhcpOptionCode.RapidCommit));
        Assert.Equal(identifier, reply.Options.Find(DhcpOptionCode.ClientIdentifier)!.Value.ToArray());
        Assert.Equal(Ipv4Address.Parse("10.244.1.5"), reply.YourAddress);
        await AssertDecodedAsync();
    }

    [Fact]
    public async Task The_servers_address_answers_arp()
    {
        await _guest.IpAsync($"addr add 169.254.0.1/16 dev {Link}");
        // The ping itself is not answered; that the kernel learns the neighbour is what counts.
        await Assert.ThrowsAsync<ShellException>(() => _guest.ExecuteAsync("ping -c1 -W1 169.254.75.10"));

        Assert.Equal("02:6d:69:67:72:01", (await _guest.IpJsonAsync("neigh show 169.254.75.10"))[0].GetProperty("lladdr").GetString());
        await AssertDecodedAsync();
    }

    private static byte[] Discover(params DhcpOption[] options)
    {
        var message = new DhcpPacket
        {
            TransactionId = 0x7ac0,
            ClientMac = MacAddress.Parse(GuestMac),
            Options = DhcpOptions.Of([new(DhcpOptionCode.MessageType, new[] { (byte)DhcpMessageType.Discover }), .. options]),
        }.ToArray();
        var frame = new byte[42 + message.Length];
        message.CopyTo(frame, 42);
        EthernetFrame.WriteHeader(frame, MacAddress.Broadcast, MacAddress.Parse(GuestMac), EtherType.Ipv4);
        UdpDatagram.WriteHeader(frame.AsSpan(34), default, Ipv4Address.Broadcast, 68, 67, message.Length);
        Ipv4Packet.WriteHeader(frame.AsSpan(14), default, Ipv4Address.Broadcast, IpProtocol.Udp, 8 + message.Length);
        return frame;
    }

    // tshark finds nothing malformed, and every checksum that we wrote right.
    private async Task AssertDecodedAsync()
    {
        Assert.Equal("", await TsharkAsync("-Y", "_ws.malformed || _ws.expert.severity >= 0x800000"));
        var replies = await TsharkAsync(
            "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-Y", "eth.src == 02:6d:69:67:72:01 && ip",
            "-T", "fields", "-e", "ip.checksum.status", "-e", "udp.checksum.status", "-e", "dhcp.option.dhcp");
        Assert.All(replies.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches("^1\t1\t[256]$", line));
    }

    private async Task<string> TsharkAsync(params string[] arguments)
    {
        _loop.Save(At("wire.pcap"));
        return await Shell.RunAsync("tshark", ["-n", "-r", At("wire.pcap"), .. arguments]);
    }

    private async Task<string?> GuestAddressAsync()
    {
        var addresses = (await _guest.IpJsonAsync($"-4 addr show dev {Link}")).EnumerateArray().SelectMany(l => l.GetProperty("addr_info").EnumerateArray()).ToList();
        return addresses.Count == 0 ? null : $"{addresses[0].GetProperty("local").GetString()}/{addresses[0].GetProperty("prefixlen").GetInt32()}";
    }

    private Task StopDhclientAsync() => _guest.ExecuteAsync($"dhclient -x -pf {At("pid")}");

    private Process Start(string line)
    {
        var start = new ProcessStartInfo("ip", $"netns exec {_guest.Name} {line}") { Environment = { ["MIGRATION_TEST"] = _folder } };
        var process = Process.Start(start)!;
        File.WriteAllText(At($"{process.Id}.pid"), $"{process.Id}");
        _running.Add(process);
        return process;
    }

    // A folder of this test; what killed runs left, clients too, is removed.
    private static string TestFolder()
    {
        const string prefix = "migration-dhcp-";
        foreach (var old in Directory.EnumerateDirectories(Path.GetTempPath(), prefix + "*"))
        {
            var owner = Path.GetFileName(old)[prefix.Length..].Split('-')[0];
            if (!int.TryParse(owner, out var pid) || Directory.Exists($"/proc/{pid}")) continue;
            KillClients(old);
            Directory.Delete(old, recursive: true);
        }
        return Directory.CreateTempSubdirectory($"{prefix}{Environment.ProcessId}-").FullName;
    }

    // Ends what the pid files in a folder name, unless the number belongs to somebody else by now.
    private static void KillClients(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*pid"))
        {
            var process = $"/proc/{File.ReadAllText(file).Trim()}";
            try
            {
                if (!(File.ReadAllText($"{process}/cmdline") + File.ReadAllText($"{process}/environ")).Contains(folder, StringComparison.Ordinal)) continue;
                Process.GetProcessById(int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture)).Kill();
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
            {
                // It has ended.
            }
        }
    }

    // For what happens behind the last message: the client's own work. Its death ends the wait at once.
    private static async Task UntilAsync(Func<Task<bool>> holds, Process client)
    {
        using var limit = new CancellationTokenSource(DhcpLoop.Limit);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await holds())
        {
            Assert.False(client.HasExited, "the client ended");
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }

    private static int ProcessSignal(int pid, string signal)
    {
        using var kill = Process.Start("kill", $"-{signal} {pid}");
        kill.WaitForExit();
        return kill.ExitCode;
    }

    private string WriteScript(string body)
    {
        var path = At("script");
        File.WriteAllText(path, $"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nFOLDER={_folder}\nset -e\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private Dictionary<string, string> Given(string @event) =>
        Variable().Matches(File.ReadAllText(At(@event))).ToDictionary(m => m.Groups[1].Value, m => m.Groups[2].Value.Trim());

    private string At(string file) => Path.Combine(_folder, file);

    [GeneratedRegex("^([a-z_]+)=(.*)$", RegexOptions.Multiline)]
    private static partial Regex Variable();
}
