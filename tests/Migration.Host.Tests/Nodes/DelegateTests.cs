using System.Text.Json;
using Grpc.Core;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Nodes;

/// <summary>NICs that the node makes itself, by Debian's CNI plugins and by plugins of the tests' own.</summary>
public sealed class DelegateTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Delegates_become_nics_of_the_guest_are_told_as_multus_tells_them_and_leave_nothing()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.Interfaces.Add(Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64"), mac: "02:66:00:00:00:01"));
        plan.Interfaces.Add(Delegated("green", "pod0b", "other/green", MacvlanOf("green", "192.0.2.7/24", "2001:db8::7/64")));
        plan.Interfaces.Add(Delegated("red", "pod0c", "default/red", PointToPointOf(lab, "red", "10.66.3.0/24")));
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });

        var primary = await pod.AttachAsync();

        Assert.Equal("tap0", primary.Interface.Tap);
        var nics = await BoundAsync(lab, pod);
        Assert.Equal(["default eth0", "blue pod0a", "green pod0b", "red pod0c"], nics.Select(nic => $"{nic.Name} {nic.PodInterface}"));
        Assert.Equal("02:66:00:00:00:01", nics[1].Mac);
        Assert.Equal(["10.66.1.2/24", "fd66:1::2/64"], nics[1].Lease.Addresses);
        Assert.Equal(["192.0.2.7/24", "2001:db8::7/64"], nics[2].Lease.Addresses);
        // Only the pod network gives a default route, though the plugins of blue made one.
        Assert.Equal(["10.244.1.1", "", "", ""], nics.Select(nic => nic.Lease.Gateway));

        await GuestReachesAsync(lab, pod, nics[1], "10.66.1.2", router: "", neighbour: "10.66.1.1");
        var machine = await lab.A.WaitForMachineAsync(pod.Uid, machine => machine.NetworkStatus.Contains("red", StringComparison.Ordinal), "the network status is told");
        await StatusIsAsync(pod, machine.NetworkStatus);
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        Assert.Equal(["blue", "green", "red"], Cached(lab, pod).Select(file => file.GetProperty("networkName").GetString()!));

        await pod.DetachAsync();
        await pod.DetachAsync();

        await NothingIsLeftAsync(lab, pod);
        await lab.A.WaitForMachineAsync(pod.Uid, machine => machine.NetworkStatus.Length == 0, "the network status is gone");
    }

    [Fact]
    public async Task Same_network_twice_gives_two_nics()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var blue = BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64");
        await PlanAsync(lab, pod, Delegated("one", "pod0a", "default/blue", blue), Delegated("two", "pod0b", "default/blue", blue));

        await pod.AttachAsync();

        Assert.Equal(["10.66.1.2", "10.66.1.3"], (await BoundAsync(lab, pod)).Skip(1).Select(nic => nic.Lease.Addresses[0].Split('/')[0]));
        await pod.DetachAsync();
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Default_route_comes_from_the_network_that_was_asked_for_it()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var blue = Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64"));
        blue.Delegate.DefaultRoute.Add("10.66.1.1");
        await PlanAsync(lab, pod, blue, Delegated("red", "pod0b", "default/red", PointToPointOf(lab, "red", "10.66.3.0/24")));

        await pod.AttachAsync();

        var nics = await BoundAsync(lab, pod);
        Assert.Equal(["", "10.66.1.1", ""], nics.Select(nic => nic.Lease.Gateway));
        await GuestReachesAsync(lab, pod, nics[1], "10.66.1.2", router: "10.66.1.1", neighbour: "10.66.1.1");
        var machine = await lab.A.WaitForMachineAsync(pod.Uid, machine => machine.NetworkStatus.Contains("red", StringComparison.Ordinal), "the network status is told");
        var gateways = JsonDocument.Parse(machine.NetworkStatus).RootElement.EnumerateArray().Select(entry => entry.TryGetProperty("gateway", out var gateway) ? gateway.ToString() : "");
        Assert.Equal(["[\"10.244.1.1\"]".Length, "[\"10.66.1.1\"]".Length, 0], gateways.Select(gateway => string.Concat(gateway.Where(c => !char.IsWhiteSpace(c))).Length));
    }

    [Fact]
    public async Task Network_in_the_place_of_the_pods_is_the_guests_and_the_pods_nic_stays_the_pods()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var instead = Delegated("instead", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64"));
        instead.Delegate.Primary = true;
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.Interfaces.Clear();
        plan.Interfaces.Add([instead, Delegated("red", "pod0b", "default/red", PointToPointOf(lab, "red", "10.66.3.0/24"))]);
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
        var before = await pod.Namespace.IpAsync("-j addr show dev eth0");

        var primary = await pod.AttachAsync();

        Assert.Null(primary.Interface);
        var nics = await BoundAsync(lab, pod);
        Assert.Equal([("instead", "10.66.1.1"), ("red", "")], nics.Select(nic => (nic.Name, nic.Lease.Gateway)));
        await GuestReachesAsync(lab, pod, nics[0], "10.66.1.2", router: "10.66.1.1", neighbour: "10.66.1.1");
        Assert.Equal(before, await pod.Namespace.IpAsync("-j addr show dev eth0"));
        await pod.Namespace.ExecuteAsync("ping -c 1 -W 30 10.244.1.1");
        await pod.DetachAsync();
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Failing_delegate_fails_the_attachment_with_its_own_error_and_undoes_the_others_in_reverse_order()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var record = Recorder(lab);
        var refusal = """{"cniVersion":"1.0.0","code":117,"msg":"no cable","details":"in rack 7"}""";
        Plugin(lab, "refuse", $"cat > /dev/null\n[ $CNI_COMMAND = ADD ] || exit 0\necho 'lights are red' >&2\necho '{refusal}'\nexit 1");
        await PlanAsync(
            lab, pod, Delegated("one", "pod0a", "default/one", Recorded(lab, "one", "10.66.1.0/24")), Delegated("two", "pod0b", "default/two", Recorded(lab, "two", "10.66.2.0/24")),
            Delegated("bad", "pod0c", "default/bad", """{"cniVersion":"1.0.0","name":"bad","type":"refuse"}"""));

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await pod.AttachAsync());

        Assert.Equal(StatusCode.FailedPrecondition, failure.StatusCode);
        Assert.Equal("network default/bad, interface bad: plugin refuse ADD pod0c: code 117: no cable; in rack 7; lights are red", failure.Status.Detail);
        Assert.Equal("117", failure.Trailers.Get("cni-code")!.Value);
        Assert.Equal("no cable", System.Text.Encoding.UTF8.GetString(failure.Trailers.Get("cni-message-bin")!.ValueBytes));
        Assert.Equal("in rack 7; lights are red", System.Text.Encoding.UTF8.GetString(failure.Trailers.Get("cni-details-bin")!.ValueBytes));
        Assert.Equal(["ADD pod0a", "ADD pod0b", "DEL pod0b", "DEL pod0a"], await File.ReadAllLinesAsync(record, Ct));
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Plugin_that_does_not_keep_to_the_specification_fails_the_attachment()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        foreach (var (script, words) in new[]
        {
            ("echo Hello; echo {", "hostile answered no JSON object; Hello"),
            ("true", "hostile answered ADD with no result"),
            ("echo away >&2; kill -9 $$", "hostile ended with signal 9; away"),
            ("while :; do echo nonsense nonsense nonsense nonsense; done", "hostile was killed: it wrote too much"),
            ("echo '{\"cniVersion\":\"1.0.0\"}'", "there is no pod0a in"),
        })
        {
            Plugin(lab, "hostile", $"[ $CNI_COMMAND = ADD ] || exit 0\n{script}");
            await PlanAsync(lab, pod, Delegated("bad", "pod0a", "default/bad", """{"cniVersion":"1.0.0","name":"bad","type":"hostile"}"""));
            var failure = await Assert.ThrowsAsync<RpcException>(async () => await pod.AttachAsync());
            Assert.Contains(words, failure.Status.Detail);
        }

        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Plugin_that_hangs_is_killed_with_its_children()
    {
        await using var lab = await NodeLab.StartAsync();
        lab.A.MoreArguments = ["--cni-time-limit", "4"];
        await lab.A.RestartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var children = Path.Combine(lab.Folder, "children");
        Plugin(lab, "hang", $"[ $CNI_COMMAND = ADD ] || exit 0\nsleep 1000 &\necho $! > {children}\nwait");
        await PlanAsync(lab, pod, Delegated("bad", "pod0a", "default/bad", """{"cniVersion":"1.0.0","name":"bad","type":"hang"}"""));

        var failure = await Assert.ThrowsAsync<RpcException>(async () => await pod.AttachAsync());

        Assert.Contains("hang was killed: it did not end within 4 s", failure.Status.Detail);
        var child = (await File.ReadAllTextAsync(children, Ct)).Trim();
        await lab.A.EventuallyAsync(() => Task.FromResult(!IsAlive(child)), "the plugin's child is dead");
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Missing_plugin_and_nonsense_are_named()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        foreach (var (configuration, words) in new[]
        {
            ("""{"cniVersion":"1.0.0","name":"x","type":"nowhere"}""", "failed to find plugin \"nowhere\" in path"),
            ("""{"cniVersion":"9.0.0","name":"x","type":"bridge"}""", "cniVersion '9.0.0' is none of"),
            ("""{"cniVersion":"1.0.0","name":"a/b","type":"bridge"}""", "name 'a/b' is not letters"),
            ("""{"cniVersion":"1.0.0","plugins":[]}""", "plugins is not a list of at least one plugin"),
            ("{", "configuration of CNI network bad"),
            ("", "there is none of that name in"),
        })
        {
            await PlanAsync(lab, pod, Delegated("bad", "pod0a", "default/bad", configuration));
            var failure = await Assert.ThrowsAsync<RpcException>(async () => await pod.AttachAsync());
            Assert.Contains(words, failure.Status.Detail);
            Assert.NotNull(failure.Trailers.Get("cni-code"));
        }

        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Add_again_leaves_what_lives_and_makes_anew_what_vanished()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var record = Recorder(lab);
        await PlanAsync(lab, pod, Delegated("one", "pod0a", "default/one", Recorded(lab, "one", "10.66.1.0/24")), Delegated("two", "pod0b", "default/two", Recorded(lab, "two", "10.66.2.0/24")));
        await pod.AttachAsync();
        await pod.AttachAsync();
        Assert.Equal(["ADD pod0a", "ADD pod0b"], await File.ReadAllLinesAsync(record, Ct));

        await pod.Namespace.IpAsync("link del pod0b");
        await pod.AttachAsync();

        Assert.Equal(["ADD pod0a", "ADD pod0b", "DEL pod0b", "ADD pod0b"], await File.ReadAllLinesAsync(record, Ct));
        Assert.Equal(3, (await BoundAsync(lab, pod)).Count);
        await lab.A.RestartAsync();
        await pod.AttachAsync();
        Assert.Equal(4, (await File.ReadAllLinesAsync(record, Ct)).Length);
        await pod.DetachAsync();
        Assert.Equal(["DEL pod0b", "DEL pod0a"], (await File.ReadAllLinesAsync(record, Ct))[4..]);
        await NothingIsLeftAsync(lab, pod);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Node_killed_while_a_plugin_works_leaves_nothing_after_the_del_and_finishes_by_the_next_add(bool delete)
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var record = Recorder(lab);
        var (started, gate) = (Path.Combine(lab.Folder, "started"), Path.Combine(lab.Folder, "gate"));
        // Its first ADD has not done anything yet when the node is killed, and does it all as soon as the gate is open.
        Plugin(lab, "slow", $"""
            echo $CNI_COMMAND $CNI_IFNAME >> {record}
            cat > {lab.Folder}/input.$$
            if [ $CNI_COMMAND = ADD ] && [ ! -e {started} ]; then touch {started}; while [ ! -e {gate} ]; do sleep 0.02; done; fi
            exec /usr/lib/cni/bridge < {lab.Folder}/input.$$
            """);
        await PlanAsync(
            lab, pod, Delegated("one", "pod0a", "default/one", Recorded(lab, "one", "10.66.1.0/24")),
            Delegated("two", "pod0b", "default/two", Recorded(lab, "two", "10.66.2.0/24").Replace("recording-bridge", "slow", StringComparison.Ordinal)));
        var attaching = pod.AttachAsync();
        await lab.A.EventuallyAsync(() => Task.FromResult(File.Exists(started)), "the second plugin works");

        lab.A.Kill();
        await Assert.ThrowsAsync<RpcException>(() => attaching);
        await lab.A.StartServiceAsync();
        // Asked again while it is busy, as the CNI plugin does: with the probes below it may be.
        var next = lab.A.EventuallyAsync(async () =>
        {
            await (delete ? pod.DetachAsync() : pod.AttachAsync());
            return true;
        }, "the next command is carried out");
        // The plugin that lost its node comes to its end; only then is its work undone. Until then the container is busy.
        await IsBusyAsync(lab, pod);
        Assert.Equal(["ADD pod0a", "ADD pod0b"], await File.ReadAllLinesAsync(record, Ct));
        await File.WriteAllTextAsync(gate, "", Ct);
        await next;

        string[] first = ["ADD pod0a", "ADD pod0b"];
        Assert.Equal(delete ? [.. first, "DEL pod0b", "DEL pod0a"] : [.. first, "DEL pod0b", "ADD pod0b"], await File.ReadAllLinesAsync(record, Ct));
        Assert.Equal(delete ? 0 : 3, (await BoundAsync(lab, pod)).Count);
        if (!delete)
            await pod.DetachAsync();
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Node_killed_at_any_moment_of_an_add_leaves_nothing_after_the_del()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await PlanAsync(
            lab, pod, Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64")),
            Delegated("red", "pod0b", "default/red", PointToPointOf(lab, "red", "10.66.3.0/24")));
        // Anywhere in the work, which takes some hundred milliseconds, and in the DEL after it.
        foreach (var delay in new[] { 10, 45, 90 })
        {
            var attaching = pod.AttachAsync();
            await Task.Delay(delay, Ct);
            lab.A.Kill();
            await Record.ExceptionAsync(() => attaching);
            await lab.A.StartServiceAsync();
            var detaching = pod.DetachAsync();
            await Task.Delay(delay / 2, Ct);
            await lab.A.RestartAsync();
            await Record.ExceptionAsync(() => detaching);

            await pod.DetachAsync();
            await NothingIsLeftAsync(lab, pod);
        }

        await pod.AttachAsync();
        Assert.Equal(3, (await BoundAsync(lab, pod)).Count);
    }

    [Fact]
    public async Task Failing_del_is_tried_for_all_and_again_by_the_next()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var record = Recorder(lab);
        var broken = Path.Combine(lab.Folder, "broken");
        Plugin(lab, "stubborn", $"[ $CNI_COMMAND != DEL ] || [ ! -e {broken} ] || exit 3\nexec {lab.A.Plugins}/recording-bridge");
        await PlanAsync(
            lab, pod, Delegated("one", "pod0a", "default/one", Recorded(lab, "one", "10.66.1.0/24")),
            Delegated("two", "pod0b", "default/two", Recorded(lab, "two", "10.66.2.0/24").Replace("recording-bridge", "stubborn", StringComparison.Ordinal)));
        await pod.AttachAsync();
        await File.WriteAllTextAsync(broken, "", Ct);

        var failure = await Assert.ThrowsAsync<RpcException>(() => pod.DetachAsync());
        Assert.Contains("network default/two, interface two: plugin stubborn DEL pod0b: code 999: stubborn ended with code 3", failure.Status.Detail);
        Assert.Equal("DEL pod0a", (await File.ReadAllLinesAsync(record, Ct))[^1]);
        await lab.A.RestartAsync();
        File.Delete(broken);
        await pod.DetachAsync();

        Assert.Equal("DEL pod0b", (await File.ReadAllLinesAsync(record, Ct))[^1]);
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Del_after_the_namespace_is_gone_gives_the_addresses_back()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await PlanAsync(lab, pod, Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64")));
        await pod.AttachAsync();
        Assert.Equal(2, Leases(lab).Count);

        pod.Namespace.Dispose();
        await pod.DetachAsync();

        Assert.Empty(Leases(lab));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(lab.A.State, "delegates/results")));
    }

    [Fact]
    public async Task Del_after_a_reboot_gives_the_addresses_back()
    {
        await using var lab = await NodeLab.StartAsync();
        var cache = Path.Combine(lab.Folder, "cache");
        lab.A.MoreArguments = ["--cni-cache-dir", cache];
        await lab.A.RestartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await PlanAsync(lab, pod, Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64")));
        await pod.AttachAsync();
        Assert.Equal(2, Leases(lab).Count);

        // What was in memory is gone: the pod's network, and the node's state. The runtime remembers the sandbox.
        lab.A.Kill();
        pod.Namespace.Dispose();
        Directory.Delete(lab.A.State, recursive: true);
        await lab.A.StartServiceAsync();
        await pod.DetachAsync();

        Assert.Empty(Leases(lab));
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(cache, "results")));
    }

    [Fact]
    public async Task Definition_without_configuration_means_the_nodes_own_file_and_what_others_chained_to_it()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await File.WriteAllTextAsync(Path.Combine(lab.A.CniConfigurations, "00-broken.conflist"), "{", Ct);
        await File.WriteAllTextAsync(
            Path.Combine(lab.A.CniConfigurations, "10-lan.conflist"),
            $$"""{"cniVersion":"0.4.0","cniVersions":["0.3.1","1.0.0"],"name":"lan","plugins":[{{BridgeOf(lab, "lan", "10.66.1.0/24", "fd66:1::/64")}},{"type":"migration-cni"}]}""", Ct);
        Directory.CreateDirectory(Path.Combine(lab.A.CniConfigurations, "lan"));
        await File.WriteAllTextAsync(Path.Combine(lab.A.CniConfigurations, "lan", "mtu.conf"), """{"type":"tuning","mtu":1400}""", Ct);
        await PlanAsync(lab, pod, Delegated("lan", "pod0a", "kube-system/lan", ""));

        await pod.AttachAsync();

        Assert.Equal(1400u, (await BoundAsync(lab, pod))[1].Lease.Mtu);
        Assert.Equal("1.0.0", Cached(lab, pod)[0].GetProperty("result").GetProperty("cniVersion").GetString());
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        await pod.DetachAsync();
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Network_that_is_bound_by_takeover_passes_its_check_and_leaves_nothing()
    {
        await using var lab = await NodeLab.StartAsync();
        lab.A.MoreArguments = ["--wiring", "takeover"];
        await lab.A.RestartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        await PlanAsync(
            lab, pod, Delegated("blue", "pod0a", "default/blue", BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64")),
            Delegated("green", "pod0b", "default/green", BridgeOf(lab, "green", "10.66.2.0/24", "fd66:2::/64")));

        await pod.AttachAsync();
        await GuestReachesAsync(lab, pod, (await BoundAsync(lab, pod))[1], "10.66.1.2", router: "", neighbour: "10.66.1.1");
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        await pod.AttachAsync();
        await pod.DetachAsync();
        await NothingIsLeftAsync(lab, pod);

        await pod.AttachAsync();
        await pod.Namespace.IpAsync($"link del {(await BoundAsync(lab, pod))[2].Tap}");
        var differs = await Assert.ThrowsAsync<RpcException>(async () => await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path }));
        Assert.Contains("pod0b", differs.Status.Detail);
    }

    [Fact]
    public async Task Plugins_are_told_what_the_selection_asks_for()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        Plugin(lab, "listen", $"""
            env | grep -E '^CNI_(ARGS|COMMAND|IFNAME|CONTAINERID|NETNS|PATH)=' | sort > {lab.Folder}/environment.$CNI_COMMAND
            cat > {lab.Folder}/input.$CNI_COMMAND
            exec /usr/lib/cni/macvlan < {lab.Folder}/input.$CNI_COMMAND
            """);
        var configuration = """
            {"cniVersion":"1.0.0","type":"listen","mode":"bridge","master":"fabric","capabilities":{"ips":true,"mac":true,"bandwidth":true,"deviceID":false},"args":{"cni":{"a":1,"b":2}},
             "ipam":{"type":"static"}}
            """;
        var nic = Delegated("lan", "pod0a", "default/lan", configuration, mac: "02:66:00:00:00:07");
        nic.Delegate.Addresses.Add("10.66.9.9/24");
        nic.Delegate.CniArgs = """{"b":3,"c":{"d":"e"}}""";
        await PlanAsync(lab, pod, nic);

        await pod.AttachAsync();
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = pod.Key, NamespacePath = pod.Namespace.Path });
        await pod.DetachAsync();

        Assert.Equal(
            [
                $"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod.Identity.Name};K8S_POD_INFRA_CONTAINER_ID={pod.Uid};K8S_POD_UID={pod.Uid};MAC=02:66:00:00:00:07",
                "CNI_COMMAND=ADD", $"CNI_CONTAINERID={pod.Uid}", "CNI_IFNAME=pod0a", $"CNI_NETNS={pod.Namespace.Path}", $"CNI_PATH={lab.A.Plugins}:/usr/lib/cni",
            ],
            await File.ReadAllLinesAsync(Path.Combine(lab.Folder, "environment.ADD"), Ct));
        var add = await InputAsync(lab, "ADD");
        Assert.Equal("lan", add.GetProperty("name").GetString());
        Assert.False(add.TryGetProperty("prevResult", out _));
        Assert.Equal("""{"mac":"02:66:00:00:00:07","ips":["10.66.9.9/24"]}""", add.GetProperty("runtimeConfig").GetRawText());
        Assert.Equal("""{"a":1,"b":3,"c":{"d":"e"}}""", add.GetProperty("args").GetProperty("cni").GetRawText());
        foreach (var command in new[] { "CHECK", "DEL" })
            Assert.Equal("10.66.9.9/24", (await InputAsync(lab, command)).GetProperty("prevResult").GetProperty("ips")[0].GetProperty("address").GetString());
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Bandwidth_and_port_mappings_are_what_the_selection_asks_for()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var bridge = BridgeOf(lab, "blue", "10.66.1.0/24", "fd66:1::/64").Replace("\"cniVersion\":\"1.0.0\",\"name\":\"blue\",", "", StringComparison.Ordinal);
        var nic = Delegated("blue", "pod0a", "default/blue", $$"""
            {"cniVersion":"1.0.0","name":"blue","plugins":[{{bridge}},{"type":"portmap","capabilities":{"portMappings":true} },{"type":"bandwidth","capabilities":{"bandwidth":true} }]}
            """);
        nic.Delegate.Capabilities["bandwidth"] = """{"ingressRate":8000000,"ingressBurst":800000,"egressRate":16000000,"egressBurst":800000}""";
        nic.Delegate.Capabilities["portMappings"] = """[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]""";
        nic.Delegate.Capabilities["infinibandGUID"] = "\"00:11:22:33:44:55:66:77\"";
        await PlanAsync(lab, pod, nic);

        await pod.AttachAsync();

        // The NIC's own end, and the device that what leaves the pod is led through.
        var shaped = JsonDocument.Parse(await lab.A.Namespace.ExecuteAsync("tc -j qdisc show")).RootElement.EnumerateArray().Where(qdisc => qdisc.GetProperty("kind").GetString() == "tbf").ToList();
        Assert.Equal([1_000_000, 2_000_000], shaped.Select(qdisc => qdisc.GetProperty("options").GetProperty("rate").GetInt64()).Order());
        Assert.Matches(@"-A CNI-DN-\S+ -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10\.66\.1\.2:80", await lab.A.Namespace.ExecuteAsync("iptables-save -t nat"));
        Assert.Contains("infinibandGUID is asked for, and no plugin of its configuration declares that capability", lab.A.Log);
        using (var guest = await LabGuestStack.PlugAsync(pod, (await BoundAsync(lab, pod))[1].Tap, (await BoundAsync(lab, pod))[1].Mac))
        {
            await guest.UdhcpcAsync(lab.Folder);
            await guest.Namespace.IpAsync("route replace default via 10.66.1.1");
            using var web = TiedProcess.Start("/usr/bin/nsenter", [$"--net={guest.Namespace.Path}", "--", "busybox", "nc", "-ll", "-p", "80", "-e", "echo", "hello"], Path.Combine(lab.Folder, "web"), Path.Combine(lab.Folder, "web"));
            await lab.A.EventuallyAsync(() => AnswersAsync(lab.B, "timeout 5 busybox nc -w 5 10.91.0.1 8080"), "the other node reaches the guest at a port of its node");
        }

        await pod.DetachAsync();

        Assert.DoesNotContain("tbf", await lab.A.Namespace.ExecuteAsync("tc qdisc show"));
        Assert.DoesNotContain("10.66.1.2", await lab.A.Namespace.ExecuteAsync("iptables-save -t nat"));
        await NothingIsLeftAsync(lab, pod);
    }

    [Fact]
    public async Task Collect_and_status_reach_the_plugins_of_delegates()
    {
        await using var lab = await NodeLab.StartAsync();
        var (kept, stale) = (await lab.A.CreatePodAsync("kept"), await lab.A.CreatePodAsync("stale"));
        // Debian's plugins do not speak 1.1.0 yet.
        Plugin(lab, "modern", $$"""
            cat > {{lab.Folder}}/input.$CNI_COMMAND
            case $CNI_COMMAND in
            ADD|DEL) sed 's/"1.1.0"/"1.0.0"/' {{lab.Folder}}/input.$CNI_COMMAND | /usr/lib/cni/bridge ;;
            STATUS) [ ! -e {{lab.Folder}}/full ] || { echo '{"code":50,"msg":"no address is left"}'; exit 1; } ;;
            esac
            """);
        var configuration = BridgeOf(lab, "lan", "10.66.1.0/24", "fd66:1::/64", type: "modern").Replace("1.0.0", "1.1.0", StringComparison.Ordinal);
        foreach (var pod in new[] { kept, stale })
        {
            await PlanAsync(lab, pod, Delegated("lan", "pod0a", "default/lan", configuration));
            await pod.AttachAsync();
        }

        var removed = await lab.A.Networks.CollectAsync(new CollectRequest { Network = "lab", Valid = { kept.Key } });

        Assert.Equal([stale.Key], removed.Removed);
        Assert.Equal($$"""[{"containerID":"{{kept.Uid}}","ifname":"pod0a"}]""", (await InputAsync(lab, "GC")).GetProperty("cni.dev/valid-attachments").GetRawText());
        await NothingIsLeftAsync(lab, stale, leases: 2);
        Assert.Equal(2, (await BoundAsync(lab, kept)).Count);
        Assert.True((await lab.A.Networks.StatusAsync(new StatusRequest())).Ready);
        await File.WriteAllTextAsync(Path.Combine(lab.Folder, "full"), "", Ct);
        await lab.A.RestartAsync();
        await lab.A.EventuallyAsync(async () => (await lab.A.Networks.StatusAsync(new StatusRequest())).Reason.Contains("code 50: no address is left", StringComparison.Ordinal), "the node is not ready");
    }

    [Fact]
    public async Task Guest_moves_with_a_network_that_both_nodes_make_and_is_not_sought_at_the_target_before()
    {
        await using var lab = await NodeLab.StartAsync();
        await lab.AddLanAsync();
        const string mac = "02:66:00:00:00:09";
        var configuration = $$$"""
            {"cniVersion":"1.0.0","name":"lan","type":"bridge","bridge":"{{{LabNode.Lan}}}","capabilities":{"mac":true},
             "ipam":{"type":"host-local","dataDir":"{{{lab.Folder}}}/leases","ranges":[[{"subnet":"10.88.0.0/16","rangeStart":"10.88.7.2"}]]}}
            """;
        var guest = await LabGuest.StartAsync(lab.A, more: plan => plan.Interfaces.Add(Delegated("lan", "podlan", "default/lan", configuration, mac)));
        var address = guest.Machine.Interfaces.Single(nic => nic.Name == "lan").Lease.Addresses[0].Split('/')[0];
        await IsReachedAsync(lab.B, address);
        await CountAsync(lab, lab.B, mac);

        var move = await guest.PrepareMoveAsync(lab.A, lab.B);
        var nic = (await lab.B.Machines.GetMachineAsync(new GetMachineRequest { Id = move.TargetPod.Uid })).Machine.Interfaces.Single(nic => nic.Name == "lan");
        Assert.Equal((mac, address), (nic.Mac, nic.Lease.Addresses[0].Split('/')[0]));
        Assert.Equal(0, await CountedAsync(lab.B));
        await IsReachedAsync(lab.B, address);

        await move.StartAsync();
        await move.WaitForSourceAsync(MigrationPhase.Succeeded);
        await IsReachedAsync(lab.A, address);
        Assert.NotEqual(0, await CountedAsync(lab.B));
        await Invariants.NothingIsLeftAsync(lab, move.Id);
        Assert.Empty(Leases(lab));
    }

    [Fact]
    public async Task Network_is_made_and_taken_away_without_a_plan()
    {
        await using var lab = await NodeLab.StartAsync();
        var pod = await lab.A.CreatePodAsync("net");
        var key = new AttachmentKey { Network = "harness", ContainerId = pod.Uid, InterfaceName = "net1" };
        var request = new AttachRequest
        {
            Key = key,
            Pod = pod.Identity,
            NamespacePath = pod.Namespace.Path,
            Interface = Delegated("lan", "", "default/lan", BridgeOf(lab, "lan", "10.66.1.0/24", "fd66:1::/64")),
        };

        var attachment = (await lab.A.Networks.AttachAsync(request)).Attachment;

        await GuestReachesAsync(lab, pod, attachment.Interface, "10.66.1.2", router: "10.66.1.1", neighbour: "10.66.1.1");
        await lab.A.Networks.CheckAsync(new CheckRequest { Key = key, NamespacePath = pod.Namespace.Path });
        await lab.A.Networks.DetachAsync(new DetachRequest { Key = key, NamespacePath = pod.Namespace.Path });
        await NothingIsLeftAsync(lab, pod);
    }

    private static Interface Delegated(string name, string podInterface, string definition, string configuration, string mac = "") => new()
    {
        Name = name,
        PodInterface = podInterface,
        Binding = Binding.Bridge,
        Mac = mac,
        Delegate = new() { Name = definition, Configuration = configuration, Mac = mac },
    };

    private static async Task PlanAsync(NodeLab lab, LabPod pod, params Interface[] delegates)
    {
        var plan = pod.Plan(Guid.NewGuid().ToString());
        plan.Interfaces.AddRange(delegates);
        await lab.A.Machines.EnsureMachineAsync(new EnsureMachineRequest { Plan = plan });
    }

    /// <summary>A bridge of its own with a gateway, and addresses from host-local.</summary>
    internal static string BridgeOf(NodeLab lab, string name, string subnet4, string subnet6, string type = "bridge") => $$$"""
        {"cniVersion":"1.0.0","name":"{{{name}}}","type":"{{{type}}}","bridge":"br-{{{name}}}","isGateway":true,"isDefaultGateway":true,"capabilities":{"mac":true,"ips":true},
         "ipam":{"type":"host-local","dataDir":"{{{lab.Folder}}}/leases","ranges":[[{"subnet":"{{{subnet4}}}"}],[{"subnet":"{{{subnet6}}}"}]]}}
        """;

    private static string MacvlanOf(string name, params string[] addresses) => $$$"""
        {"cniVersion":"0.3.1","name":"{{{name}}}","plugins":[{"type":"macvlan","mode":"bridge","master":"fabric","ipam":{"type":"static","addresses":[{{{string.Join(',', addresses.Select(address => $"{{\"address\":\"{address}\"}}"))}}}]}},
         {"type":"tuning","mtu":1450}]}
        """;

    private static string PointToPointOf(NodeLab lab, string name, string subnet) => $$$"""
        {"cniVersion":"1.0.0","name":"{{{name}}}","type":"ptp","mtu":1440,"dns":{"nameservers":["10.66.3.53"],"search":["red.example"]},
         "ipam":{"type":"host-local","dataDir":"{{{lab.Folder}}}/leases","subnet":"{{{subnet}}}","routes":[{"dst":"10.99.0.0/16","gw":"10.66.3.1"}]}}
        """;

    /// <summary>The bridge plugin, in a chain that writes down what it is told to do.</summary>
    private static string Recorder(NodeLab lab)
    {
        var record = Path.Combine(lab.Folder, "record");
        Plugin(lab, "recording-bridge", $"echo $CNI_COMMAND $CNI_IFNAME >> {record}\nexec /usr/lib/cni/bridge");
        return record;
    }

    private static string Recorded(NodeLab lab, string name, string subnet) => $$$"""
        {"cniVersion":"1.0.0","name":"{{{name}}}","type":"recording-bridge","bridge":"br-{{{name}}}",
         "ipam":{"type":"host-local","dataDir":"{{{lab.Folder}}}/leases","subnet":"{{{subnet}}}"}}
        """;

    private static void Plugin(NodeLab lab, string name, string script)
    {
        var path = Path.Combine(lab.A.Plugins, name);
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    /// <summary>In the order of the pod's interfaces' names, the primary first.</summary>
    private static async Task<List<InterfaceStatus>> BoundAsync(NodeLab lab, LabPod pod) =>
        [.. (await lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Where(attachment => attachment.Pod.Uid == pod.Uid)
            .Select(attachment => attachment.Interface).OfType<InterfaceStatus>().OrderBy(nic => nic.PodInterface, StringComparer.Ordinal)];

    private static async Task GuestReachesAsync(NodeLab lab, LabPod pod, InterfaceStatus nic, string address, string router, string neighbour)
    {
        using var guest = await LabGuestStack.PlugAsync(pod, nic.Tap, nic.Mac);
        Assert.Contains($"ip={address} mask=24 router={router} mtu=1500", await guest.UdhcpcAsync(lab.Folder));
        await guest.Namespace.ExecuteAsync($"ping -c 2 -W 5 {neighbour}");
    }

    /// <summary>Once something else is done with its container, it is not over soon: asked by an attachment that could never come about.</summary>
    private static async Task IsBusyAsync(NodeLab lab, LabPod pod)
    {
        var probe = new AttachRequest
        {
            Key = new() { Network = "probe", ContainerId = pod.Uid, InterfaceName = "probe" },
            Pod = pod.Identity,
            NamespacePath = pod.Namespace.Path,
            Interface = Delegated("probe", "", "default/probe", "{"),
        };
        async Task<StatusCode> ProbeAsync() => (await Assert.ThrowsAsync<RpcException>(async () => await lab.A.Networks.AttachAsync(probe))).StatusCode;
        await lab.A.EventuallyAsync(async () => await ProbeAsync() is StatusCode.Aborted, "the container is busy");
        for (var again = 0; again < 50; again++)
            Assert.Equal(StatusCode.Aborted, await ProbeAsync());
    }

    private static Task IsReachedAsync(LabNode node, string address) => node.EventuallyAsync(() => AnswersAsync(node, $"ping -c 1 -W 2 {address}"), $"{address} answers");

    private static async Task<bool> AnswersAsync(LabNode node, string question)
    {
        try
        {
            return (await node.Namespace.ExecuteAsync(question)).Length > 0;
        }
        catch (ShellException)
        {
            return false;
        }
    }

    /// <summary>From now on counts what this node's own pods say on the LAN with a MAC.</summary>
    private static async Task CountAsync(NodeLab lab, LabNode node, string mac)
    {
        var rules = Path.Combine(lab.Folder, "count.nft");
        await File.WriteAllTextAsync(rules, $$"""table bridge seen { chain pre { type filter hook prerouting priority 0; iifname != "lancable" ether saddr {{mac}} counter; }; }""", Ct);
        await node.Namespace.ExecuteAsync($"nft -f {rules}");
    }

    private static async Task<long> CountedAsync(LabNode node) =>
        JsonDocument.Parse(await node.Namespace.ExecuteAsync("nft -j list chain bridge seen pre")).RootElement.GetProperty("nftables").EnumerateArray()
            .Single(item => item.TryGetProperty("rule", out _)).GetProperty("rule").GetProperty("expr").EnumerateArray()
            .Single(expression => expression.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt64();

    private static async Task StatusIsAsync(LabPod pod, string status)
    {
        var links = await pod.Namespace.IpJsonAsync("link");
        string Mac(string name) => links.EnumerateArray().First(link => link.GetProperty("ifname").GetString() == name).GetProperty("address").GetString()!;
        var expected = $$$"""
            [
                {"name":"lab","interface":"eth0","ips":["{{{pod.Address}}}"],"mac":"{{{Mac("eth0")}}}","mtu":1500,"default":true,"dns":{},"gateway":["10.244.1.1"]},
                {"name":"default/blue","interface":"pod0a","ips":["10.66.1.2","fd66:1::2"],"mac":"02:66:00:00:00:01","mtu":1500,"dns":{}},
                {"name":"other/green","interface":"pod0b","ips":["192.0.2.7","2001:db8::7"],"mac":"{{{Mac("pod0b")}}}","mtu":1450,"dns":{}},
                {"name":"default/red","interface":"pod0c","ips":["10.66.3.2"],"mac":"{{{Mac("pod0c")}}}","mtu":1440,"dns":{"nameservers":["10.66.3.53"],"search":["red.example"]}}
            ]
            """;
        Assert.Equal(Plainly(expected), Plainly(status));
    }

    private static string Plainly(string json) => JsonSerializer.Serialize(JsonDocument.Parse(json).RootElement);

    private static List<JsonElement> Cached(NodeLab lab, LabPod pod) =>
        [.. Directory.EnumerateFiles(Path.Combine(lab.A.State, "delegates/results"), $"*-{pod.Uid}-*").Order(StringComparer.Ordinal).Select(path => JsonDocument.Parse(File.ReadAllText(path)).RootElement)];

    private static async Task<JsonElement> InputAsync(NodeLab lab, string command) =>
        JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(lab.Folder, $"input.{command}"), Ct)).RootElement;

    private static List<string> Leases(NodeLab lab) => Directory.Exists(Path.Combine(lab.Folder, "leases"))
        ? [.. Directory.EnumerateFiles(Path.Combine(lab.Folder, "leases"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).OfType<string>().Where(name => name.StartsWith("10.", StringComparison.Ordinal) || name.StartsWith("fd", StringComparison.Ordinal))]
        : [];

    private static bool IsAlive(string pid) => File.Exists($"/proc/{pid}/stat") && !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z", StringComparison.Ordinal);

    /// <summary>No record, no lease, no NIC of a delegate on either side, and the pod's own NIC as it was.</summary>
    private static async Task NothingIsLeftAsync(NodeLab lab, LabPod pod, int leases = 0)
    {
        Assert.Empty(Cached(lab, pod));
        Assert.Equal(leases, Leases(lab).Count);
        Assert.Empty(await BoundAsync(lab, pod));
        Assert.Equal(["lo", "eth0"], (await pod.Namespace.IpJsonAsync("link")).EnumerateArray().Select(link => link.GetProperty("ifname").GetString()));
        var processes = await Shell.RunAsync("ps", "-eo", "args");
        Assert.DoesNotContain(processes.Split('\n'), line => line.Contains(lab.A.Plugins + "/", StringComparison.Ordinal) && !line.Contains("migration-node", StringComparison.Ordinal));
    }
}
