using System.Text.Json;
using Grpc.Core;
using Migration.Linux;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>The bridge binding in real namespaces made by Debian's reference plugins, judged by ip, tc, those plugins and real DHCP clients.</summary>
public sealed class NetworkTests
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;
    private static readonly Interface Bridge = new() { Name = "default", PodInterface = "eth0", Binding = Binding.Bridge };

    [Fact]
    public async Task Attach_cables_the_tap_to_the_nic_and_changes_nothing_about_the_nic()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var before = await DescribeNicAsync(pod);

        var attachment = await pod.AttachAsync(Bridge);

        Assert.Equal(before, await DescribeNicAsync(pod));
        Assert.Equal(("tap0", pod.Mac, Wiring.Cable), (attachment.Interface.Tap, attachment.Interface.Mac, attachment.Interface.Wiring));
        var lease = attachment.Interface.Lease;
        Assert.Equal([$"{pod.Address}/24"], lease.Addresses);
        Assert.Equal(("10.244.1.1", 1500u, pod.Mac), (lease.Gateway, lease.Mtu, lease.Mac));
        var tap = (await pod.Namespace.IpJsonAsync("link show tap0"))[0];
        Assert.Equal(("UP", 1500), (tap.GetProperty("flags").EnumerateArray().Any(flag => flag.GetString() == "UP") ? "UP" : "DOWN", tap.GetProperty("mtu").GetInt32()));
        var details = tap.GetProperty("linkinfo").GetProperty("info_data");
        Assert.Equal(("tap", 107), (details.GetProperty("type").GetString(), int.Parse(details.GetProperty("user").ToString())));
        Assert.True(details.GetProperty("persist").GetBoolean());
        Assert.Equal("eth0", await RedirectAsync(pod, "tap0"));
        Assert.Equal("tap0", await RedirectAsync(pod, "eth0"));
        Assert.Empty((await pod.Namespace.IpJsonAsync("addr show tap0"))[0].GetProperty("addr_info").EnumerateArray());
    }

    [Fact]
    public async Task Reference_check_passes_after_attach_and_its_del_leaves_nothing()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await pod.AttachAsync(Bridge);

        await pod.CniAsync("CHECK");
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        await pod.DetachAsync();
        await pod.CniAsync("CHECK");
        await pod.CniAsync("DEL");

        Assert.Equal(["lo"], (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(lab.A.State, "attachments")));
        Assert.Equal(["cni0", "fabric", "lo"], (await lab.A.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()).Order());
    }

    [Fact]
    public async Task Attaching_again_changes_nothing_and_mends_what_somebody_broke()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var first = await pod.AttachAsync(Bridge);
        var filters = await pod.Namespace.TcJsonAsync("filter show dev eth0 ingress");

        Assert.Equal(first, await pod.AttachAsync(Bridge));
        Assert.Equal(WithoutCounters(filters), WithoutCounters(await pod.Namespace.TcJsonAsync("filter show dev eth0 ingress")));

        foreach (var damage in new[] { "tc -n {0} filter del dev eth0 ingress prio 2", "tc -n {0} qdisc del dev eth0 clsact", "ip -n {0} link set tap0 down", "ip -n {0} link del tap0" })
        {
            await Shell.RunLineAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, damage, pod.Namespace.Name));
            var differs = await Assert.ThrowsAsync<RpcException>(async () => await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key }));
            Assert.Equal(StatusCode.FailedPrecondition, differs.StatusCode);
            await pod.AttachAsync(Bridge);
            await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key });
        }
    }

    [Fact]
    public async Task Detach_restores_the_nic_and_succeeds_twice_without_state_and_without_a_namespace()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await pod.AttachAsync(Bridge);

        await pod.DetachAsync();
        await pod.DetachAsync();
        await lab.A.Networks.DetachAsync(new DetachRequest { Key = new() { Network = "n", ContainerId = "never", InterfaceName = "eth0" }, NamespacePath = "/run/netns/never" });

        Assert.Equal(["eth0", "lo"], (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()).Order());
        Assert.DoesNotContain((await pod.Namespace.TcJsonAsync("qdisc show dev eth0")).EnumerateArray(), qdisc => qdisc.GetProperty("kind").GetString() == "clsact");
        await lab.A.Namespace.ExecuteAsync($"ping -c 1 -W 5 {pod.Address}");
    }

    [Fact]
    public async Task Real_dhcp_clients_get_what_the_pod_was_given_and_reach_the_gateway()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var attachment = await pod.AttachAsync(Bridge);
        using var guest = await LabGuestStack.PlugAsync(pod, "tap0", attachment.Interface.Mac);

        var told = await guest.UdhcpcAsync(lab.Folder);
        Assert.Contains($"ip={pod.Address} mask=24 router=10.244.1.1 mtu=1500", told);
        await guest.Namespace.ExecuteAsync("ping -c 2 -W 5 10.244.1.1");
        await lab.A.Namespace.ExecuteAsync($"ping -c 2 -W 5 {pod.Address}");
        await lab.A.EventuallyAsync(async () => (await lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments[0].Interface.Leased, "the lease is reported");

        await guest.Namespace.IpAsync("addr flush dev eth0");
        await Shell.RunLineAsync($"ip netns exec {guest.Namespace.Name} dhclient -4 -1 -v -sf /bin/true -lf {lab.Folder}/leases -pf {lab.Folder}/dhclient.pid eth0");
        Assert.Contains($"fixed-address {pod.Address};", await File.ReadAllTextAsync(Path.Combine(lab.Folder, "leases"), Ct));
        await Shell.RunLineAsync($"ip netns exec {guest.Namespace.Name} dhclient -x -sf /bin/true -lf {lab.Folder}/leases -pf {lab.Folder}/dhclient.pid eth0");

        // The node service is killed: the next lease comes from the new one.
        await lab.A.RestartAsync();
        Assert.Contains($"ip={pod.Address}", await guest.UdhcpcAsync(lab.Folder));
    }

    [Fact]
    public async Task No_dhcp_passes_the_cable_and_the_pod_itself_is_mute()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var attachment = await pod.AttachAsync(Bridge);
        using var guest = await LabGuestStack.PlugAsync(pod, "tap0", attachment.Interface.Mac);
        var outside = Path.Combine(lab.Folder, "outside.pcap");
        var inside = Path.Combine(lab.Folder, "inside.pcap");
        using var atBridge = await CaptureAsync(lab.A.Namespace, "cni0", outside);
        using var atGuest = await CaptureAsync(guest.Namespace, "eth0", inside);

        // The guest asks; the pod's own stack tries to talk to somebody else; a foreign server offers.
        await guest.UdhcpcAsync(lab.Folder);
        await Assert.ThrowsAsync<ShellException>(() => pod.Namespace.ExecuteAsync("ping -c 1 -W 1 10.244.1.77"));
        SendForeignOffer(lab.A.Namespace, attachment.Interface.Mac);
        // Several, because the last frames before its end may not get into the capture.
        await guest.Namespace.ExecuteAsync("ping -c 4 -i 0.5 -W 5 10.244.1.1");
        await StopCaptureAsync(atBridge);
        await StopCaptureAsync(atGuest);

        var fromPod = (await Shell.RunAsync("tshark", "-r", outside, "-Y", $"eth.src == {attachment.Interface.Mac}", "-T", "fields", "-e", "_ws.col.Protocol", "-e", "ip.dst", "-e", "arp.dst.proto_ipv4"))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => string.Join(' ', line.Split('\t', StringSplitOptions.RemoveEmptyEntries))).Distinct().Order();
        Assert.Equal(["ARP 10.244.1.1", "ICMP 10.244.1.1"], fromPod);
        var servers = (await Shell.RunAsync("tshark", "-r", inside, "-Y", "dhcp.type == 2", "-T", "fields", "-e", "ip.src")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct();
        Assert.Equal(["169.254.75.10"], servers);
    }

    [Fact]
    public async Task Attach_waits_for_the_plan_and_gives_up_when_none_comes()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var request = new AttachRequest { Key = pod.Key, Pod = pod.Identity, NamespacePath = pod.Namespace.Path, PlanTimeout = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromMilliseconds(100)) };

        var none = await Assert.ThrowsAsync<RpcException>(async () => await lab.A.Networks.AttachAsync(request));
        Assert.Equal(StatusCode.Unavailable, none.StatusCode);
        request.PlanTimeout = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(TimeSpan.FromSeconds(30));
        var waiting = lab.A.Networks.AttachAsync(request).ResponseAsync;
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = pod.Plan(Guid.NewGuid().ToString()) });

        Assert.Equal("default", (await waiting).Attachment.Interface.Name);
        await lab.A.WaitForMachineAsync(pod.Uid, MachinePhase.Starting);
    }

    [Fact]
    public async Task Nic_that_cannot_be_bound_is_refused_with_the_reason()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await RefusedAsync(StatusCode.FailedPrecondition, "has no interface eth7", lab, pod, key => key.InterfaceName = "eth7");
        await RefusedAsync(StatusCode.InvalidArgument, "key.network is empty", lab, pod, key => key.Network = "");

        await pod.Namespace.IpAsync("link add br9 type bridge");
        await pod.Namespace.IpAsync("link set eth0 master br9");
        await RefusedAsync(StatusCode.FailedPrecondition, "is a port of br9 already", lab, pod, _ => { });

        var gone = await Assert.ThrowsAsync<RpcException>(async () =>
            await lab.A.Networks.AttachAsync(new AttachRequest { Key = pod.Key, Pod = pod.Identity, NamespacePath = "/run/netns/never", Interface = Bridge }));
        Assert.Equal(StatusCode.FailedPrecondition, gone.StatusCode);
        Assert.Contains("/run/netns/never", gone.Status.Detail);
    }

    [Fact]
    public async Task Collect_detaches_what_is_not_listed()
    {
        await using var lab = await NodeLab.StartAsync();
        var kept = await lab.A.CreatePodAsync("kept");
        var stale = await lab.A.CreatePodAsync("stale");
        await kept.AttachAsync(Bridge);
        await stale.AttachAsync(Bridge);

        var removed = await lab.A.Networks.CollectAsync(new CollectRequest { Network = "lab", Valid = { kept.Key } });

        Assert.Equal([stale.Key], removed.Removed);
        Assert.Equal([kept.Key], (await lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Select(attachment => attachment.Key));
        Assert.DoesNotContain("tap0", await stale.Namespace.IpAsync("-o link"));
        Assert.Empty((await lab.A.Networks.CollectAsync(new CollectRequest { Network = "other" })).Removed);
    }

    [Fact]
    public async Task Del_that_came_while_the_node_was_down_is_worked_off_when_it_starts()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await pod.AttachAsync(Bridge);
        lab.A.Kill();
        var journal = Path.Combine(lab.A.Folder, "journal");
        Directory.CreateDirectory(journal);
        await File.WriteAllTextAsync(
            Path.Combine(journal, "x.json"),
            JsonSerializer.Serialize(new { network = "lab", containerId = pod.Uid, @interface = "eth0", netns = pod.Namespace.Path }), Ct);

        await lab.A.StartServiceAsync();

        await lab.A.EventuallyAsync(() => Task.FromResult(!Directory.EnumerateFiles(journal).Any()), "the journal is worked off");
        Assert.Empty((await lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments);
        Assert.DoesNotContain("tap0", await pod.Namespace.IpAsync("-o link"));
    }

    private static async Task RefusedAsync(StatusCode code, string words, NodeLab lab, LabPod pod, Action<AttachmentKey> change)
    {
        var key = pod.Key;
        change(key);
        var refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await lab.A.Networks.AttachAsync(new AttachRequest { Key = key, Pod = pod.Identity, NamespacePath = pod.Namespace.Path, Interface = Bridge }));
        Assert.Equal(code, refused.StatusCode);
        Assert.Contains(words, refused.Status.Detail);
    }

    /// <summary>Everything that a kubelet, a CHECK or a person would look at. (With its first qdisc the kernel gives a veth a queue length.)</summary>
    private static async Task<string> DescribeNicAsync(LabPod pod) =>
        string.Join('\n', System.Text.RegularExpressions.Regex.Replace(await pod.Namespace.IpAsync("-o link show eth0"), "qlen \\d+", ""), await pod.Namespace.IpAsync("-o -4 addr show eth0"), await pod.Namespace.IpAsync("route"));

    private static async Task<string?> RedirectAsync(LabPod pod, string from)
    {
        var filters = await pod.Namespace.TcJsonAsync($"filter show dev {from} ingress");
        return filters.EnumerateArray()
            .Where(filter => filter.TryGetProperty("options", out var options) && options.TryGetProperty("actions", out _))
            .Select(filter => filter.GetProperty("options").GetProperty("actions")[0].GetProperty("to_dev").GetString())
            .Single();
    }

    private static string WithoutCounters(JsonElement filters) => string.Join('\n', filters.EnumerateArray().Select(filter =>
        $"{filter.GetProperty("pref")} {filter.GetProperty("kind")} {(filter.TryGetProperty("options", out var options) && options.TryGetProperty("actions", out var actions) ? actions[0].GetProperty("to_dev").ToString() : "")}"));

    private static async Task<TiedProcess> CaptureAsync(TestNamespace space, string link, string file)
    {
        var errors = file + ".errors";
        var capture = TiedProcess.Start("/usr/bin/nsenter", [$"--net={space.Path}", "--", "dumpcap", "-q", "-i", link, "-w", file], "/dev/null", errors);
        // dumpcap names its file once it captures.
        var waiting = TimeProvider.System.GetTimestamp();
        while (!capture.Errors.Contains("File:", StringComparison.Ordinal) && TimeProvider.System.GetElapsedTime(waiting) < LabNode.Limit)
            await Task.Delay(10);
        Assert.Contains("File:", capture.Errors);
        return capture;
    }

    private static async Task StopCaptureAsync(TiedProcess capture)
    {
        capture.Signal(ProcessSignal.Interrupt);
        await capture.WaitForExitAsync(LabNode.Limit);
    }

    /// <summary>A DHCP offer as a server on the pod network would send it, by broadcast.</summary>
    private static void SendForeignOffer(TestNamespace space, string mac)
    {
        using var route = Netlink.RouteClient.Open(space.Space);
        using var socket = PacketSocket.Open(space.Space, route.GetLink("cni0").Index, new PacketOptions { Filter = PacketFilter.Nothing });
        byte[] udp = [0, 67, 0, 68, 1, 8, 0, 0];
        var dhcp = new byte[256];
        (dhcp[0], dhcp[1], dhcp[2]) = (2, 1, 6);
        Convert.FromHexString(mac.Replace(":", "")).CopyTo(dhcp, 28);
        byte[] options = [99, 130, 83, 99, 53, 1, 2, 255];
        options.CopyTo(dhcp, 236);
        byte[] ip = [0x45, 0, 1, 28, 0, 1, 0, 0, 64, 17, 0, 0, 10, 244, 1, 99, 255, 255, 255, 255];
        var sum = 0;
        for (var i = 0; i < ip.Length; i += 2)
            sum += ip[i] << 8 | ip[i + 1];
        sum = ~((sum & 0xffff) + (sum >> 16));
        (ip[10], ip[11]) = ((byte)(sum >> 8), (byte)sum);
        Assert.True(socket.TrySend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 99, 8, 0, .. ip, .. udp, .. dhcp]));
    }
}
