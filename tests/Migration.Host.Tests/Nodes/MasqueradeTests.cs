using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Grpc.Core;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;
using Migration.Testing.Topologies;

namespace Migration.Host.Tests.Nodes;

/// <summary>
/// The masquerade binding through the node's API, judged by ip, nft and traffic: world ── cni0 ── eth0 of the pod │ k6t-eth0 ── tap0 ── guest.
/// The guest is a namespace with a network stack of its own. One node service serves all these tests, one after the other.
/// </summary>
public sealed class MasqueradeTests(MasqueradeTests.Node node) : IClassFixture<MasqueradeTests.Node>
{
    private const string PodIpv4 = "10.50.0.2", PodIpv6 = "fd00:50::2", WorldIpv4 = "10.50.0.1", WorldIpv6 = "fd00:50::1";
    private const string BridgeMac = "02:00:00:00:00:00";
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly Port[] SomePorts =
    [
        new() { First = 80 }, new() { Protocol = "udp", First = 5000, Last = 5010 }, new() { Protocol = "SCTP", First = 7 },
    ];

    [Fact]
    public async Task Links_addresses_and_rules_are_kubevirts_in_tables_of_our_own()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        var bound = (await scene.AttachAsync(SomePorts)).Interface;

        Assert.Equal(("tap0", Binding.Masquerade, 1400u), (bound.Tap, bound.Binding, bound.Lease.Mtu));
        Assert.Equal(["10.0.2.2/24", "fd10:0:2::2/120"], bound.Lease.Addresses);
        Assert.Equal("10.0.2.1", bound.Lease.Gateway);
        var bridge = (await scene.Pod.IpJsonAsync("addr show k6t-eth0"))[0];
        Assert.Equal((BridgeMac, 1400), (bridge.GetProperty("address").GetString(), bridge.GetProperty("mtu").GetInt32()));
        Assert.Equal(
            ["10.0.2.1/24", "fd10:0:2::1/120", "fe80::ff:fe00:0/64"],
            bridge.GetProperty("addr_info").EnumerateArray().Select(one => $"{one.GetProperty("local")}/{one.GetProperty("prefixlen")}").Order(StringComparer.Ordinal));
        var tap = (await scene.Pod.IpJsonAsync("link show tap0"))[0];
        Assert.Equal(("k6t-eth0", 1400), (tap.GetProperty("master").GetString(), tap.GetProperty("mtu").GetInt32()));
        Assert.Equal("1\n1\n1\n", await scene.Pod.ExecuteAsync("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv4.conf.k6t-eth0.route_localnet"));
        // Whether bridges are filtered is known only where somebody has loaded the module for it.
        var filtered = File.Exists("/proc/sys/net/bridge/bridge-nf-call-ip6tables") ? " bridge/bridge-nf-call-ip6tables=1" : "";
        var before = $"ipv4/ip_forward=0 ipv6/conf/eth0/accept_ra=1 ipv6/conf/all/forwarding=0{filtered}";
        Assert.Equal(RulesOf("ip", "127.0.0.1", "10.0.2.2", "10.0.2.1", 67, before) + RulesOf("ip6", "::1", "fd10:0:2::2", "fd10:0:2::1", 547, before), await scene.RulesAsync());
    }

    [Theory]
    [InlineData(PodIpv4)]
    [InlineData(PodIpv6)]
    public async Task Declared_ports_are_let_in_and_no_others(string pod)
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.AttachAsync(SomePorts);
        using var guest = await scene.PlugAsync();
        await using var greeter = new Greeter(guest.Namespace, 80);
        await using var hidden = new Greeter(guest.Namespace, 81);
        var address = IPAddress.Parse(pod);

        // The guest sees who asks.
        Assert.Equal(pod == PodIpv4 ? WorldIpv4 : WorldIpv6, await Greeter.AskAsync(scene.World, address, 80));
        Assert.Equal(SocketError.ConnectionRefused, (await Assert.ThrowsAsync<SocketException>(() => Greeter.AskAsync(scene.World, address, 81))).SocketErrorCode);

        // What arrives after something that must not arrive shows that it did not.
        using var datagrams = Datagrams.Udp(guest.Namespace, address.AddressFamily, 5005);
        using var undeclared = Datagrams.Udp(guest.Namespace, address.AddressFamily, 5011);
        Datagrams.SendUdp(scene.World, new IPEndPoint(address, 5011), "undeclared");
        await scene.RouteAroundAsync();
        Datagrams.SendUdp(scene.World, new IPEndPoint(IPAddress.Parse(pod == PodIpv4 ? "10.0.2.2" : "fd10:0:2::2"), 5005), "around");
        Datagrams.SendUdp(scene.World, new IPEndPoint(address, 5005), "declared");
        Assert.Equal("declared", await datagrams.ReceiveAsync());
        Assert.Equal(0, undeclared.Available);

        using var sctp = Datagrams.Sctp(guest.Namespace, address.AddressFamily);
        Datagrams.SendSctp(scene.World, address, 8);
        Datagrams.SendSctp(scene.World, address, 7);
        Assert.Equal(7, await sctp.ReceiveSctpPortAsync());
    }

    [Fact]
    public async Task Without_declared_ports_everything_comes_in_and_what_goes_out_has_the_pods_addresses()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.AttachAsync();
        using var guest = await scene.PlugAsync();
        await using var inside = new Greeter(guest.Namespace, 8443);
        await using var outside = new Greeter(scene.World, 9000);
        foreach (var (pod, world) in new[] { (PodIpv4, WorldIpv4), (PodIpv6, WorldIpv6) })
        {
            Assert.Equal(world, await Greeter.AskAsync(scene.World, IPAddress.Parse(pod), 8443));
            Assert.Equal(pod, await Greeter.AskAsync(guest.Namespace, IPAddress.Parse(world), 9000));
            await guest.Namespace.ExecuteAsync($"ping -c 1 -W 30 {world}");
            await scene.World.ExecuteAsync($"ping -c 1 -W 30 {pod}");
        }

        // A segment of the whole MTU, and more than one.
        await guest.Namespace.ExecuteAsync($"ping -c 1 -W 30 -M do -s {1400 - 28} {WorldIpv4}");
        var counted = (await scene.Pod.NftJsonAsync()).Where(one => one.TryGetProperty("rule", out var rule) && rule.GetProperty("chain").GetString() == "KUBEVIRT_PREINBOUND").Select(Packets).ToList();
        Assert.Equal(2, counted.Count);
        Assert.All(counted, packets => Assert.True(packets >= 2, $"only {packets} packets were counted"));
    }

    [Fact]
    public async Task The_guest_answers_on_the_pods_loopback_for_its_declared_ports()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.AttachAsync(SomePorts);
        using var guest = await scene.PlugAsync();
        await using var greeter = new Greeter(guest.Namespace, 80);
        await using var local = new Greeter(scene.Pod, 8080);

        Assert.Equal("10.0.2.1", await Greeter.AskAsync(scene.Pod, IPAddress.Loopback, 80));
        Assert.Equal("127.0.0.1", await Greeter.AskAsync(scene.Pod, IPAddress.Loopback, 8080));
        Assert.Equal("::1", await Greeter.AskAsync(scene.Pod, IPAddress.IPv6Loopback, 8080));
        Assert.Equal("fd10:0:2::1", await Greeter.AskAsync(scene.Pod, IPAddress.IPv6Loopback, 80));
    }

    [Fact]
    public async Task Attaching_again_changes_nothing_and_mends_what_somebody_broke()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        var first = await scene.AttachAsync(SomePorts);
        var handles = await scene.Pod.ExecuteAsync("nft -a -s list ruleset");
        Assert.Equal(first, await scene.AttachAsync(SomePorts));
        Assert.Equal(handles, await scene.Pod.ExecuteAsync("nft -a -s list ruleset"));
        await scene.CheckAsync();

        var rules = await scene.RulesAsync();
        foreach (var damage in new[]
        {
            "nft delete table ip migration-eth0", "nft flush chain ip6 migration-eth0 KUBEVIRT_PREINBOUND", "nft add chain ip migration-eth0 more",
            "nft insert rule ip migration-eth0 KUBEVIRT_PREINBOUND drop", "ip link del k6t-eth0", "ip addr del 10.0.2.1/24 dev k6t-eth0", "ip link set tap0 nomaster",
            "ip link del tap0", "ip link set k6t-eth0 down", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.conf.k6t-eth0.route_localnet=0",
        })
        {
            await scene.Pod.ExecuteAsync(damage);
            Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(scene.CheckAsync)).StatusCode);
            Assert.Equal(first, await scene.AttachAsync(SomePorts));
            await scene.CheckAsync();
            Assert.Equal(rules, await scene.RulesAsync());
        }

        // Other ports are another table, in one step.
        await scene.AttachAsync([new Port { First = 443 }]);
        Assert.DoesNotContain("dport 80 ", await scene.RulesAsync());
        Assert.Contains("dport 443 ", await scene.RulesAsync());
    }

    [Fact]
    public async Task Detach_leaves_nothing_also_twice_and_without_what_the_node_knew()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        var links = await scene.DescribeAsync();
        await scene.AttachAsync(SomePorts);
        await scene.DetachAsync();
        await scene.DetachAsync();
        Assert.Equal(links, await scene.DescribeAsync());

        await scene.AttachAsync();
        await scene.ForgetAsync();
        await scene.DetachAsync();
        Assert.Equal(links, await scene.DescribeAsync());
    }

    [Fact]
    public async Task Tables_of_others_stay_as_they_are()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.Pod.ExecuteAsync("nft add table ip nat");
        await scene.Pod.ExecuteAsync("nft add chain ip nat PREROUTING { type nat hook prerouting priority -100 ; }");
        await scene.Pod.ExecuteAsync("nft add chain ip nat KUBEVIRT_PREINBOUND");
        await scene.Pod.ExecuteAsync("nft add rule ip nat PREROUTING tcp dport 15006 counter redirect to :80");
        await scene.Pod.ExecuteAsync("nft add table inet migrations");
        var before = await scene.Pod.ExecuteAsync("nft -a -s list ruleset");

        await scene.AttachAsync(SomePorts);
        Assert.StartsWith(before, await scene.Pod.ExecuteAsync("nft -a -s list ruleset"), StringComparison.Ordinal);
        await scene.AttachAsync();
        await scene.DetachAsync();
        Assert.Equal(before, await scene.Pod.ExecuteAsync("nft -a -s list ruleset"));
    }

    [Fact]
    public async Task Connections_live_on_while_the_node_is_killed_and_started_again()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.AttachAsync(SomePorts);
        using var guest = await scene.PlugAsync();
        await using var greeter = new Greeter(guest.Namespace, 80);
        using var connection = scene.World.Space.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await connection.ConnectAsync(IPAddress.Parse(PodIpv4), 80, Ct);
        var handles = await scene.Pod.ExecuteAsync("nft -a -s list ruleset");

        scene.Lab.A.Kill();
        // Nobody but the pod's kernel can answer for the gateway now.
        await guest.Namespace.IpAsync("neigh flush dev eth0");
        await guest.Namespace.ExecuteAsync("ping -c 1 -W 30 10.0.2.1");
        Assert.Contains(BridgeMac, await guest.Namespace.IpAsync("neigh show 10.0.2.1"));
        await guest.Namespace.ExecuteAsync($"ping -c 1 -W 30 {WorldIpv6}");
        Assert.Contains(BridgeMac, await guest.Namespace.IpAsync("neigh show fe80::ff:fe00:0"));
        await scene.Lab.A.StartServiceAsync();

        Assert.Equal(handles, await scene.Pod.ExecuteAsync("nft -a -s list ruleset"));
        Assert.Equal(WorldIpv4, await Greeter.ReadAsync(connection));
        Assert.Equal(WorldIpv4, await Greeter.AskAsync(scene.World, IPAddress.Parse(PodIpv4), 80));
        await scene.CheckAsync();
    }

    [Fact]
    public async Task Dhcp_hands_out_the_inner_address_in_a_pod_of_one_family()
    {
        await using var scene = await Scene.StartAsync(node.Lab, ipv6: false);
        var attachment = await scene.AttachAsync([], "192.168.66.0/24", "fd66::/120");
        Assert.Equal(["192.168.66.2/24"], attachment.Interface.Lease.Addresses);
        Assert.DoesNotContain("ip6", await scene.RulesAsync());
        Assert.Empty(await scene.Pod.IpAsync("-6 addr show k6t-eth0"));
        using var guest = await LabGuestStack.PlugAsync(scene.Pod, "tap0", attachment.Interface.Mac);

        Assert.Contains("ip=192.168.66.2 mask=24 router=192.168.66.1 mtu=1400", await guest.UdhcpcAsync(scene.Lab.Folder));
        await guest.Namespace.ExecuteAsync($"ping -c 1 -W 30 {WorldIpv4}");
        await scene.Lab.A.EventuallyAsync(
            async () => (await scene.Lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Single(one => one.Key.Equals(attachment.Key)).Interface.Leased, "the lease is reported");
    }

    [Fact]
    public async Task A_pod_that_a_router_told_its_address_and_its_way_keeps_both()
    {
        await using var scene = await Scene.StartAsync(node.Lab, ipv6: false);
        await scene.World.IpAsync($"addr add {WorldIpv6}/64 dev cni0 nodad");
        await scene.Lab.A.EventuallyAsync(async () =>
        {
            Datagrams.SendRouterAdvertisement(scene.World, "cni0", "fd00:50::");
            return (await scene.Pod.IpAsync("-6 addr show eth0 scope global -tentative")).Contains("fd00:50:", StringComparison.Ordinal);
        }, "the pod has an address of the router's");
        var routed = await scene.Pod.IpAsync("-6 route show default proto ra");
        Assert.Contains("via fe80::", routed);

        var attachment = await scene.AttachAsync();
        Assert.Equal(["10.0.2.2/24", "fd10:0:2::2/120"], attachment.Interface.Lease.Addresses);
        using var guest = await scene.PlugAsync();
        await guest.Namespace.ExecuteAsync($"ping -c 1 -W 30 {WorldIpv6}");
        Assert.Contains("via fe80::", await scene.Pod.IpAsync("-6 route show default proto ra"));
        Assert.Equal("2\n", await scene.Pod.ExecuteAsync("sysctl -n net.ipv6.conf.eth0.accept_ra"));

        await scene.DetachAsync();
        Assert.Contains("via fe80::", await scene.Pod.IpAsync("-6 route show default proto ra"));
        Assert.Equal("1\n", await scene.Pod.ExecuteAsync("sysctl -n net.ipv6.conf.eth0.accept_ra"));
    }

    [Fact]
    public async Task The_reference_plugins_check_and_del_are_content()
    {
        var pod = await node.Lab.A.CreatePodAsync("masqueraded");
        await pod.AttachAsync(new Interface { Name = "default", PodInterface = "eth0", Binding = Binding.Masquerade });
        await pod.CniAsync("CHECK");
        await node.Lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });

        await pod.DetachAsync();
        await pod.CniAsync("CHECK");
        await pod.CniAsync("DEL");

        Assert.Equal(["lo"], (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()));
        Assert.Empty(await pod.Namespace.NftJsonAsync());
    }

    [Fact]
    public async Task Bridge_and_tap_follow_the_pod_nics_mtu()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        await scene.AttachAsync();
        await scene.Pod.IpAsync("link set eth0 mtu 1320");
        foreach (var link in new[] { "k6t-eth0", "tap0" })
            await scene.Lab.A.EventuallyAsync(async () => (await scene.Pod.IpJsonAsync($"link show {link}"))[0].GetProperty("mtu").GetInt32() == 1320, $"{link} has the pod NIC's MTU");
        await scene.CheckAsync();
    }

    [Fact]
    public async Task What_cannot_work_is_refused_with_the_reason()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        foreach (var (networks, mac, code, words) in new (string[], string, StatusCode, string)[]
        {
            (["10.50.0.0/23"], "", StatusCode.FailedPrecondition, "overlaps 10.50.0.0/24"),
            (["fd00:50::/120"], "", StatusCode.FailedPrecondition, "overlaps fd00:50::/64"),
            (["10.9.9.0/31"], "", StatusCode.InvalidArgument, "too small"),
            (["10.9.9.0/24", "10.9.8.0/24"], "", StatusCode.InvalidArgument, "one is enough"),
            ([], BridgeMac, StatusCode.InvalidArgument, "reserved"),
        })
        {
            var refused = await Assert.ThrowsAsync<RpcException>(() => scene.AttachAsync([], networks, mac));
            Assert.Equal(code, refused.StatusCode);
            Assert.Contains(words, refused.Status.Detail);
        }

        Assert.Empty(await scene.Pod.NftJsonAsync());
    }

    [Fact]
    public async Task Several_nics_share_what_is_the_pods_and_the_last_one_restores_it()
    {
        await using var scene = await Scene.StartAsync(node.Lab);
        var links = await scene.DescribeAsync();
        await scene.Pod.IpAsync($"link add net1 type veth peer name other netns {scene.World.Name}");
        await scene.Pod.IpAsync("addr add 10.60.0.2/24 dev net1");
        await scene.AttachAsync(SomePorts);
        await scene.AttachAsync([], ["10.7.0.0/24"], nic: "net1");
        Assert.Contains("table ip migration-net1", await scene.RulesAsync());

        await scene.DetachAsync();
        Assert.Equal("1\n0\n", await scene.Pod.ExecuteAsync("sysctl -n net.ipv4.ip_forward net.ipv6.conf.all.forwarding"));
        await scene.CheckAsync("net1");
        await scene.DetachAsync("net1");
        await scene.Pod.IpAsync("link del net1");
        Assert.Equal(links, await scene.DescribeAsync());
    }

    private static int Packets(JsonElement rule) => rule.GetProperty("rule").GetProperty("expr").EnumerateArray()
        .Single(one => one.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt32();

    private static string RulesOf(string family, string loopback, string guest, string gateway, int dhcp, string comment) =>
        $$"""
        table {{family}} migration-eth0 {
        	comment "{{comment}}"
        	chain prerouting {
        		type nat hook prerouting priority dstnat; policy accept;
        		iifname "eth0" counter jump KUBEVIRT_PREINBOUND
        	}

        	chain input {
        		type nat hook input priority 100; policy accept;
        	}

        	chain output {
        		type nat hook output priority -100; policy accept;
        		{{family}} daddr {{loopback}} tcp dport 80 counter dnat to {{guest}}
        		{{family}} daddr {{loopback}} udp dport 5000-5010 counter dnat to {{guest}}
        		{{family}} daddr {{loopback}} sctp dport 7 counter dnat to {{guest}}
        	}

        	chain postrouting {
        		type nat hook postrouting priority srcnat; policy accept;
        		{{family}} saddr {{guest}} counter masquerade
        		oifname "k6t-eth0" counter jump KUBEVIRT_POSTINBOUND
        	}

        	chain KUBEVIRT_PREINBOUND {
        		tcp dport 80 counter dnat to {{guest}}
        		udp dport 5000-5010 counter dnat to {{guest}}
        		sctp dport 7 counter dnat to {{guest}}
        	}

        	chain KUBEVIRT_POSTINBOUND {
        		{{family}} saddr {{loopback}} tcp dport 80 counter snat to {{gateway}}
        		{{family}} saddr {{loopback}} udp dport 5000-5010 counter snat to {{gateway}}
        		{{family}} saddr {{loopback}} sctp dport 7 counter snat to {{gateway}}
        	}

        	chain forward {
        		type filter hook forward priority filter; policy accept;
        		oifname "k6t-eth0" ct direction original ct status ! dnat counter drop
        	}

        	chain served {
        		type filter hook input priority filter; policy accept;
        		iifname "k6t-eth0" udp dport {{dhcp}} counter drop
        	}
        }

        """;

    /// <summary>A node service, and a pod behind a bridge of a world of its own.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private readonly string _container = Guid.NewGuid().ToString();

        private Scene(NodeLab lab, TestNamespace world, TestNamespace pod, Topology topology) => (Lab, World, Pod, Topology) = (lab, world, pod, topology);

        public NodeLab Lab { get; }

        public TestNamespace World { get; }

        public TestNamespace Pod { get; }

        public Topology Topology { get; }

        public static async Task<Scene> StartAsync(NodeLab lab, bool ipv6 = true)
        {
            var topology = new Topology();
            var world = await topology.AddNodeAsync("world");
            var pod = ipv6 ? await world.AddPodAsync("pod", $"{PodIpv4}/24", $"{PodIpv6}/64") : await world.AddPodAsync("pod", $"{PodIpv4}/24");
            await pod.IpAsync("link set eth0 mtu 1400");
            return new Scene(lab, world.Namespace, pod, topology);
        }

        public Task<Attachment> AttachAsync(params Port[] ports) => AttachAsync(ports, []);

        public Task<Attachment> AttachAsync(Port[] ports, params string[] networks) => AttachAsync(ports, networks, "");

        public async Task<Attachment> AttachAsync(Port[] ports, string[] networks, string mac = "", string nic = "eth0")
        {
            var wanted = new Interface { Name = "default", PodInterface = nic, Binding = Binding.Masquerade, Mac = mac };
            wanted.Ports.AddRange(ports);
            wanted.GuestNetworks.AddRange(networks);
            return (await Lab.A.Networks.AttachAsync(new AttachRequest { Key = Key(nic), Pod = new PodIdentity { Namespace = "default", Name = "virt-launcher-x", Uid = _container }, NamespacePath = Pod.Path, Interface = wanted })).Attachment;
        }

        public async Task CheckAsync(string nic) => await Lab.A.Networks.CheckAsync(new CheckRequest { Key = Key(nic) });

        public Task CheckAsync() => CheckAsync("eth0");

        public async Task DetachAsync(string nic = "eth0") => await Lab.A.Networks.DetachAsync(new DetachRequest { Key = Key(nic), NamespacePath = Pod.Path });

        /// <summary>The node loses its state.</summary>
        public async Task ForgetAsync()
        {
            Lab.A.Kill();
            Directory.Delete(Lab.A.State, recursive: true);
            await Lab.A.StartServiceAsync();
        }

        /// <summary>A guest with the addresses of its lease; its IPv6 router advertises itself.</summary>
        public async Task<LabGuestStack> PlugAsync()
        {
            var guest = await LabGuestStack.PlugAsync(Pod, "tap0", "02:00:00:00:00:42", ipv6: true);
            await guest.Namespace.IpAsync("addr add 10.0.2.2/24 dev eth0");
            await guest.Namespace.IpAsync("addr add fd10:0:2::2/128 dev eth0 nodad");
            await guest.Namespace.IpAsync("addr add fe80::42/64 dev eth0 nodad");
            Pod.WaitUntilUp("k6t-eth0");
            await guest.Namespace.IpAsync("route add default via 10.0.2.1");
            await Lab.A.EventuallyAsync(async () => (await guest.Namespace.IpAsync("-6 route show default")).Contains("via fe80::ff:fe00:0 ", StringComparison.Ordinal), "the guest has an IPv6 router");
            return guest;
        }

        /// <summary>Somebody in the world sends to the guest's inner addresses by way of the pod.</summary>
        public async Task RouteAroundAsync()
        {
            await World.IpAsync($"route add 10.0.2.0/24 via {PodIpv4}");
            await World.IpAsync($"route add fd10:0:2::/120 via {PodIpv6}");
        }

        public async Task<string> RulesAsync() => await Pod.ExecuteAsync("nft -s list ruleset");

        public async Task<string> DescribeAsync() => string.Join(
            '\n', await Pod.IpAsync("-o link"), (await Pod.IpAsync("-o addr")).Replace(" tentative", "", StringComparison.Ordinal), await Pod.IpAsync("route"), await Pod.IpAsync("-6 route"), await Pod.ExecuteAsync("nft list ruleset"),
            await Pod.ExecuteAsync("sysctl net.ipv4.ip_forward net.ipv6.conf.all.forwarding net.ipv6.conf.eth0.forwarding net.ipv6.conf.eth0.accept_ra"));

        public async ValueTask DisposeAsync()
        {
            await DetachAsync();
            await DetachAsync("net1");
            Topology.Dispose();
        }

        private AttachmentKey Key(string nic) => new() { Network = "lab", ContainerId = _container, InterfaceName = nic };
    }
    public sealed class Node : IAsyncLifetime
    {
        public NodeLab Lab { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Lab = await NodeLab.StartAloneAsync();

        public ValueTask DisposeAsync() => Lab.DisposeAsync();
    }
}
