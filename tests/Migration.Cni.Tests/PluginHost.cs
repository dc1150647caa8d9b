using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Migration.Local.Cluster;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Cni.Tests;

/// <summary>
/// A node with the real node service, on which Debian's reference plugins and ours are executed as a runtime does: a LAN with a DHCP
/// server, the daemon of the dhcp plugin, a spare device. Knows what a chain left.
/// </summary>
public sealed partial class PluginHost : IAsyncLifetime
{
    private const string Plugins = "/usr/lib/cni", PluginState = "/var/lib/cni";

    private readonly List<TiedProcess> _daemons = [];
    private NodeLab _lab = null!;
    private TestNamespace _lan = null!;
    private int _pods;

    public LabNode Node => _lab.A;

    public string Addresses => Path.Combine(Node.Folder, "addresses");

    public string DhcpSocket => Path.Combine(Node.Folder, "dhcp.sock");

    private string Leases => Path.Combine(Node.Folder, "udhcpd.leases");

    public async ValueTask InitializeAsync()
    {
        _lab = await NodeLab.StartAsync();
        _lan = TestNamespace.Create("lan");
        Directory.CreateDirectory(Addresses);
        Directory.CreateDirectory(Path.Combine(Node.Folder, "results"));
        await Shell.RunLineAsync($"ip link add uplink netns {Node.Namespace.Name} type veth peer name lan0 netns {_lan.Name}");
        await Node.Namespace.IpAsync("link add brdhcp type bridge");
        foreach (var line in new[] { "link set uplink master brdhcp up", "link set brdhcp up", "link add spare type veth peer name spare-peer", "link add parent type veth peer name parent-peer", "link set parent up", "link set parent-peer up" })
            await Node.Namespace.IpAsync(line);
        await _lan.IpAsync("addr add 10.50.0.1/24 dev lan0");
        await _lan.IpAsync("link set lan0 up");
        await StartDaemonsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var daemon in _daemons)
            daemon.Dispose();
        _lan.Dispose();
        await _lab.DisposeAsync();
    }

    /// <summary>A configuration list with our plugin last.</summary>
    public CniChain Chain(string version, params JsonObject[] plugins)
    {
        var list = new JsonObject { ["cniVersion"] = version, ["name"] = "matrix", ["plugins"] = new JsonArray([.. plugins, Ours()]) };
        return new CniChain(list, [Plugins, Path.GetDirectoryName(PluginProgram.Path)!], Node.Namespace.Path, Path.Combine(Node.Folder, "results"));
    }

    public CniPod Pod(TestNamespace space, bool isMachine, JsonObject capabilities)
    {
        var number = Interlocked.Increment(ref _pods);
        return new CniPod("default", isMachine ? $"virt-launcher-vm-{number}" : $"web-{number}", $"uid-{number}", $"sandbox{number}", space.Path)
        {
            Capabilities = capabilities,
            Annotations = isMachine ? new Dictionary<string, string> { ["migration.internal/interface"] = """{"name":"default"}""" } : [],
        };
    }

    public async Task<Attachment?> AttachmentAsync(CniPod pod) =>
        (await Node.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.SingleOrDefault(one => one.Key.ContainerId == pod.Sandbox);

    /// <summary>Everything that plugins keep on a host: links, rules of every table, files. What counts or is numbered anew each time is left out.</summary>
    public async Task<string> DescribeAsync()
    {
        var links = (await Node.Namespace.IpJsonAsync("link")).EnumerateArray()
            .Select(link => $"{link.GetProperty("ifname")} {(link.TryGetProperty("master", out var master) ? master.ToString() : "")}").Order(StringComparer.Ordinal);
        var rules = Counters().Replace(await Node.Namespace.ExecuteAsync("nft list ruleset"), "");
        var files = new[] { Addresses, PluginState }.Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Where(file => !Path.GetFileName(file).StartsWith("last_reserved_ip", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        return string.Join('\n', [.. links, await Node.Namespace.ExecuteAsync("ip rule"), await Node.Namespace.ExecuteAsync("ip -6 rule"), await Node.Namespace.ExecuteAsync("tc qdisc show"), rules, .. files]);
    }

    /// <summary>Our DEL answers before the kernel has let go of the tap.</summary>
    public Task NothingLeftAsync(CniPod pod, TestNamespace space) => Node.EventuallyAsync(async () =>
        await AttachmentAsync(pod) is null && !Directory.EnumerateFiles(Path.Combine(Node.State, "attachments")).Any()
        && (await space.IpJsonAsync("link")).GetArrayLength() == 1, $"nothing of {pod.Name} is left");

    /// <summary>So that one failure is not the next test's.</summary>
    public async Task TryDeleteAsync(CniChain chain, CniPod pod)
    {
        try
        {
            await chain.DeleteAsync(pod, CancellationToken.None);
        }
        catch (CniException)
        {
            // The first failure is the one to tell.
        }
    }

    private JsonObject Ours() => new()
    {
        ["type"] = "migration-cni", ["nodeSocket"] = Node.Socket, ["capabilities"] = new JsonObject { ["io.kubernetes.cri.pod-annotations"] = true },
    };

    private async Task StartDaemonsAsync()
    {
        var configuration = Path.Combine(Node.Folder, "udhcpd.conf");
        await File.WriteAllTextAsync(configuration, $"""
            interface lan0
            start 10.50.0.10
            end 10.50.0.99
            option subnet 255.255.255.0
            option router 10.50.0.1
            option lease 3600
            lease_file {Leases}
            pidfile {Leases}.pid

            """);
        await File.WriteAllTextAsync(Leases, "");
        Start(_lan, "udhcpd", ["/bin/busybox", "udhcpd", "-f", configuration]);
        Start(Node.Namespace, "dhcp", [Path.Combine(Plugins, "dhcp"), "daemon", "-timeout", "3s", "-socketpath", DhcpSocket, "-pidfile", DhcpSocket + ".pid"]);
        await Node.EventuallyAsync(() => Task.FromResult(File.Exists(DhcpSocket)), "the dhcp plugin's daemon listens");
    }

    private void Start(TestNamespace space, string name, string[] command)
    {
        var log = Path.Combine(Node.Folder, $"{name}.log");
        _daemons.Add(TiedProcess.Start("/usr/bin/nsenter", [$"--net={space.Path}", "--", .. command], log, log));
    }

    [GeneratedRegex(@"counter packets \d+ bytes \d+")]
    private static partial Regex Counters();
}
