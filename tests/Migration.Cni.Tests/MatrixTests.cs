using System.Text.Json.Nodes;
using Migration.Local.Cluster;
using Migration.Testing;

namespace Migration.Cni.Tests;

/// <summary>
/// Behind every reference plugin that Debian has and this kernel can: what they check stays as they made it while a guest is attached, and
/// what they remove is all that is there. What "all" is, the same chain with a pod of no machine shows first.
/// </summary>
public sealed class MatrixTests(PluginHost host) : IClassFixture<PluginHost>
{
    private static readonly CancellationToken Ct = TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Chains() => new()
    {
        { "bridge, host-local", "0.4.0" },
        { "bridge, host-local", "1.0.0" },
        { "bridge, host-local, portmap, bandwidth, firewall, tuning", "1.0.0" },
        { "bridge, dual stack, firewall, bandwidth", "1.0.0" },
        { "bridge with MAC spoof check, static", "1.0.0" },
        { "bridge, dhcp", "1.0.0" },
        { "ptp, host-local, masquerading, portmap, tuning", "1.0.0" },
        { "ptp, dual stack", "0.4.0" },
        { "ptp, host-local, sbr", "1.0.0" },
        { "macvlan, static", "1.0.0" },
        { "macvlan, dhcp", "1.0.0" },
        { "host-device, static, tuning", "1.0.0" },
    };

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task Chain_is_checked_with_a_guest_and_leaves_what_it_leaves_without_one(string name, string version)
    {
        var chain = host.Chain(version, Plugins(name));
        var complaint = await RunAsync(chain, isMachine: false);
        var without = await host.DescribeAsync();

        Assert.Equal(complaint, await RunAsync(chain, isMachine: true));

        string? with = null;
        await host.Node.EventuallyAsync(async () => (with = await host.DescribeAsync()) == without, $"the host is as without a guest:\n{without}", () => with);
    }

    /// <summary>
    /// Which plugin's CHECK or second DEL fails already without a guest: ptp does not bear that sbr moves its routes, sbr no second DEL.
    /// </summary>
    private async Task<string> RunAsync(CniChain chain, bool isMachine)
    {
        using var space = TestNamespace.Create("pod");
        var pod = host.Pod(space, isMachine, Capabilities());
        try
        {
            var result = await chain.AddAsync(pod, Ct);
            if (isMachine)
                await AssertGuestHasWhatThePodHasAsync(pod, result);
            else
                Assert.Null(await host.AttachmentAsync(pod));
            var check = await ComplaintOfAsync(() => chain.CheckAsync(pod, Ct));
            await chain.DeleteAsync(pod, Ct);
            var again = await ComplaintOfAsync(() => chain.DeleteAsync(pod, Ct));
            await host.NothingLeftAsync(pod, space);
            return $"{check} {again}";
        }
        catch (Exception failure)
        {
            await host.TryDeleteAsync(chain, pod);
            throw new InvalidOperationException($"{(isMachine ? "a machine's pod" : "a pod of no machine")}: {failure.Message}\n{host.Node.Log}", failure);
        }
    }

    private static async Task<string> ComplaintOfAsync(Func<Task> act)
    {
        try
        {
            await act();
            return "";
        }
        catch (CniException refused) when (!refused.Message.Contains("migration-cni", StringComparison.Ordinal))
        {
            return refused.Message[..refused.Message.IndexOf(':', StringComparison.Ordinal)];
        }
    }

    private async Task AssertGuestHasWhatThePodHasAsync(CniPod pod, JsonObject result)
    {
        var attached = (await host.AttachmentAsync(pod))!.Interface;
        var ofPod = result["interfaces"]!.AsArray().Select((link, index) => (Link: link!, Index: index)).Last(one => (string?)one.Link["sandbox"] is { Length: > 0 } && (string?)one.Link["name"] == "eth0");
        Assert.Equal((string?)ofPod.Link["mac"], attached.Mac);
        Assert.Equal(
            result["ips"]!.AsArray().Select(ip => (string)ip!["address"]!).Order(StringComparer.Ordinal), attached.Lease.Addresses.Order(StringComparer.Ordinal));
        // The first is reached by the guest whatever plugin pinned it.
        if ((string?)result["ips"]![0]!["gateway"] is { } gateway && attached.Lease.Gateway.Length > 0)
            Assert.Equal(gateway, attached.Lease.Gateway);
    }

    private JsonObject[] Plugins(string name) => name switch
    {
        "bridge, host-local" => [Bridge(HostLocal("10.60.0.0/24"))],
        "bridge, host-local, portmap, bandwidth, firewall, tuning" => [Bridge(HostLocal("10.60.0.0/24")), Portmap(), Bandwidth(), Firewall(), Tuning()],
        "bridge, dual stack, firewall, bandwidth" => [Bridge(HostLocal("10.60.0.0/24", "fd60::/64")), Firewall(), Bandwidth()],
        "bridge with MAC spoof check, static" => [new() { ["type"] = "bridge", ["bridge"] = "cni1", ["macspoofchk"] = true, ["ipam"] = Static("10.61.0.7/24", "10.61.0.1") }],
        "bridge, dhcp" => [new() { ["type"] = "bridge", ["bridge"] = "brdhcp", ["ipam"] = Dhcp() }],
        "ptp, host-local, masquerading, portmap, tuning" => [With(Ptp(HostLocal("10.62.0.0/24")), "ipMasq", true), Portmap(), Tuning()],
        "ptp, dual stack" => [Ptp(HostLocal("10.63.0.0/24", "fd63::/64"))],
        "ptp, host-local, sbr" => [Ptp(HostLocal("10.66.0.0/24")), new() { ["type"] = "sbr" }],
        "macvlan, static" => [Macvlan("parent", Static("10.64.0.7/24", "10.64.0.1"))],
        "macvlan, dhcp" => [Macvlan("brdhcp", Dhcp())],
        "host-device, static, tuning" => [new() { ["type"] = "host-device", ["device"] = "spare", ["ipam"] = Static("10.65.0.7/24", "10.65.0.1") }, Tuning()],
        _ => throw new ArgumentException(name),
    };

    private static JsonObject Bridge(JsonObject ipam) =>
        new() { ["type"] = "bridge", ["bridge"] = "cni0", ["isGateway"] = true, ["isDefaultGateway"] = true, ["hairpinMode"] = true, ["ipMasq"] = true, ["ipam"] = ipam };

    private static JsonObject Ptp(JsonObject ipam) => new() { ["type"] = "ptp", ["ipam"] = With(ipam, "routes", new JsonArray(new JsonObject { ["dst"] = "0.0.0.0/0" })) };

    private static JsonObject Macvlan(string master, JsonObject ipam) => new() { ["type"] = "macvlan", ["master"] = master, ["mode"] = "bridge", ["ipam"] = ipam };

    private static JsonObject Portmap() => new() { ["type"] = "portmap", ["capabilities"] = new JsonObject { ["portMappings"] = true } };

    private static JsonObject Bandwidth() => new() { ["type"] = "bandwidth", ["capabilities"] = new JsonObject { ["bandwidth"] = true } };

    private static JsonObject Firewall() => new() { ["type"] = "firewall" };

    private static JsonObject Tuning() =>
        new() { ["type"] = "tuning", ["mtu"] = 1400, ["mac"] = "02:00:0a:3c:00:07", ["promisc"] = true, ["sysctl"] = new JsonObject { ["net.ipv4.conf.eth0.log_martians"] = "1" } };

    private JsonObject HostLocal(params string[] subnets) => new()
    {
        ["type"] = "host-local",
        ["dataDir"] = host.Addresses,
        ["ranges"] = new JsonArray([.. subnets.Select(subnet => (JsonNode)new JsonArray(new JsonObject { ["subnet"] = subnet }))]),
    };

    private static JsonObject Static(string address, string gateway) =>
        new() { ["type"] = "static", ["addresses"] = new JsonArray(new JsonObject { ["address"] = address, ["gateway"] = gateway }), ["routes"] = new JsonArray(new JsonObject { ["dst"] = "10.99.0.0/16" }) };

    private JsonObject Dhcp() => new() { ["type"] = "dhcp", ["daemonSocketPath"] = host.DhcpSocket };

    private static JsonObject Capabilities() => new()
    {
        ["portMappings"] = new JsonArray(new JsonObject { ["hostPort"] = 8080, ["containerPort"] = 80, ["protocol"] = "tcp" }),
        ["bandwidth"] = new JsonObject { ["ingressRate"] = 8_000_000, ["ingressBurst"] = 800_000, ["egressRate"] = 8_000_000, ["egressBurst"] = 800_000 },
    };

    private static JsonObject With(JsonObject plugin, string key, JsonNode value)
    {
        plugin[key] = value;
        return plugin;
    }
}
