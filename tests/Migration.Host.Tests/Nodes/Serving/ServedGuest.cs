using System.Text.Json;
using Migration.Protos;
using Migration.Testing;
using Migration.Testing.Lab;
using Migration.Testing.Topologies;

namespace Migration.Host.Tests.Nodes.Serving;

/// <summary>
/// A node service, a pod by hand with both families behind a router, and a network stack in the guest's place behind the pod's tap.
/// Everything that passes the tap is captured, for tshark to judge.
/// </summary>
internal sealed class ServedGuest : IAsyncDisposable
{
    public const string Mac = "02:00:0a:09:00:05", Address4 = "10.9.0.5", Address6 = "fd09::5", FarAway6 = "fd99::1", FarAway4 = "10.99.0.1";

    private static readonly string[] Both = [$"{Address4}/24", $"{Address6}/64"];
    private readonly Topology _topology;
    private TapCapture? _capture;
    private TiedProcess? _processes;

    private ServedGuest(NodeLab lab, Topology topology, TopologyNode router, TestNamespace pod)
    {
        (Lab, _topology, Router, Pod) = (lab, topology, router, pod);
        Folder = Path.Combine(lab.Folder, "guest");
        Directory.CreateDirectory(Folder);
    }

    public NodeLab Lab { get; }

    /// <summary>The pod's gateway, with something far away behind it.</summary>
    public TopologyNode Router { get; }

    public TestNamespace Pod { get; }

    public LabGuestStack Stack { get; private set; } = null!;

    public TestNamespace Guest => Stack.Namespace;

    public string Folder { get; }

    public AttachmentKey Key { get; } = new() { Network = "lab", ContainerId = "guest", InterfaceName = "eth0" };

    private string FirstProcess => File.ReadAllText($"/proc/{_processes!.Id}/task/{_processes.Id}/children").Trim();

    private string Wire => Path.Combine(Folder, "wire.pcap");

    /// <param name="addresses">The pod's; both families if none are given.</param>
    /// <param name="nic">What is attached; a bridge binding if nothing is given.</param>
    /// <param name="nodeArguments">The node service's, besides the usual.</param>
    public static async Task<ServedGuest> StartAsync(IReadOnlyList<string>? addresses = null, Interface? nic = null, params IReadOnlyList<string> nodeArguments)
    {
        var lab = await NodeLab.StartAloneAsync(nodeArguments);
        var topology = new Topology();
        try
        {
            var router = await topology.AddNodeAsync("router");
            var pod = await router.AddPodAsync("pod", [.. addresses ?? Both]);
            await pod.IpAsync($"link set eth0 address {Mac}");
            await router.Namespace.IpAsync($"addr add {FarAway4}/32 dev lo");
            await router.Namespace.IpAsync($"addr add {FarAway6}/128 dev lo nodad");
            var served = new ServedGuest(lab, topology, router, pod);
            var attachment = await served.AttachAsync(nic ?? new Interface { Name = "default", PodInterface = "eth0", Binding = Binding.Bridge });
            served._capture = new TapCapture(pod, "tap0", served.Wire);
            served.Stack = await LabGuestStack.PlugAsync(pod, "tap0", attachment.Interface.Mac, ipv6: true);
            served._processes = served.Start("processes", "unshare --pid --fork --kill-child sleep infinity");
            await served.EventuallyAsync(() => Task.FromResult(served.FirstProcess.Length > 0), "the guest has its own processes");
            return served;
        }
        catch
        {
            topology.Dispose();
            await lab.DisposeAsync();
            throw;
        }
    }

    public async Task<Attachment> AttachAsync(Interface nic) => (await Lab.A.Networks.AttachAsync(
        new AttachRequest { Key = Key, Pod = new PodIdentity { Namespace = "default", Name = "guest", Uid = "guest" }, NamespacePath = Pod.Path, Interface = nic },
        deadline: LabNode.Soon())).Attachment;

    public async Task<InterfaceStatus> StatusAsync() => (await Lab.A.Networks.ListAttachmentsAsync(new ListAttachmentsRequest())).Attachments.Single().Interface;

    /// <summary>Starts a program in the guest; what it says is in the file it is named after.</summary>
    public TiedProcess Start(string name, string line)
    {
        var words = line.Split(' ');
        return TiedProcess.Start(
            "/usr/bin/nsenter", [$"--net={Guest.Path}", "--", "/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", .. words], Path.Combine(Folder, name), Path.Combine(Folder, name));
    }

    /// <summary>Runs a program in the guest. What it leaves running ends with the guest, also when the test is killed.</summary>
    public Task<string> ExecuteAsync(string line) => Shell.RunLineAsync($"nsenter --net={Guest.Path} --pid=/proc/{FirstProcess}/ns/pid -- {line}");

    public string Said(string name) => File.Exists(Path.Combine(Folder, name)) ? File.ReadAllText(Path.Combine(Folder, name)) : "";

    public string At(string file) => Path.Combine(Folder, file);

    /// <summary>A script that a client runs; what its environment was on each occasion is kept in a file named after it.</summary>
    public string WriteScript(string name, string body)
    {
        var path = At(name);
        File.WriteAllText(path, $"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nFOLDER={Folder}\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    public IReadOnlyDictionary<string, string> Given(string occasion) => File.ReadAllLines(At(occasion))
        .Select(line => line.Split('=', 2)).Where(pair => pair.Length == 2).GroupBy(pair => pair[0]).ToDictionary(pair => pair.Key, pair => pair.Last()[1].Trim('\''));

    /// <summary>The guest's addresses that are ready for use: duplicate address detection has found nobody else.</summary>
    public async Task<IReadOnlyList<string>> AddressesAsync() =>
    [
        .. (await Guest.IpJsonAsync("addr show dev eth0")).EnumerateArray().SelectMany(link => link.GetProperty("addr_info").EnumerateArray())
            .Where(address => address.GetProperty("scope").GetString() == "global" && !address.TryGetProperty("tentative", out _) && !address.TryGetProperty("dadfailed", out _))
            .Select(address => address.GetProperty("local").GetString()!),
    ];

    /// <summary>The next hops of the guest's default routes.</summary>
    public async Task<IReadOnlyList<string>> GatewaysAsync(int family) =>
        [.. JsonDocument.Parse(await Shell.RunLineAsync($"ip -n {Guest.Name} -{family} -j route show default")).RootElement.EnumerateArray().Select(route => route.TryGetProperty("gateway", out var gateway) ? gateway.GetString()! : "")];

    public Task EventuallyAsync(Func<Task<bool>> holds, string what) => Lab.A.EventuallyAsync(holds, what, () => string.Join('\n', Directory.EnumerateFiles(Folder).Where(file => !file.EndsWith("pcap", StringComparison.Ordinal)).Select(file => $"--- {Path.GetFileName(file)}\n{File.ReadAllText(file)}")));

    /// <summary>Reaches what is behind the gateway, by both families.</summary>
    public async Task ReachesFarAwayAsync()
    {
        await Guest.ExecuteAsync($"ping -c 2 -i 0.2 -W 5 {FarAway4}");
        await EventuallyAsync(async () => await PingsAsync(FarAway6), "the guest reaches what is behind its IPv6 gateway");
    }

    /// <summary>Ends the capture; tshark found nothing to complain of in what the node sent, and every checksum right.</summary>
    public async Task<string> JudgeAsync()
    {
        EndCapture();
        const string fromTheNode = "(dhcp.type == 2 || (dhcpv6 && udp.srcport == 547) || icmpv6.type == 134 || (icmpv6.type == 136 && !(eth.src == " + Mac + ")) || eth.src == 02:6d:69:67:72:01)";
        string[] strict = ["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"];
        Assert.Equal("", await TsharkAsync([.. strict, "-Y", $"{fromTheNode} && (_ws.malformed || _ws.expert.severity >= 0x600000)", "-V"]));
        Assert.Equal("", await TsharkAsync([.. strict, "-Y", $"{fromTheNode} && (ip.checksum.status == 0 || udp.checksum.status == 0 || icmpv6.checksum.status == 0)"]));
        var seen = await TsharkAsync("-Y", fromTheNode);
        Assert.NotEqual("", seen);
        return seen;
    }

    public Task<string> TsharkAsync(params string[] arguments) => Shell.RunAsync("tshark", ["-n", "-r", Wire, .. arguments]);

    public void EndCapture()
    {
        _capture?.Dispose();
        _capture = null;
    }

    public async ValueTask DisposeAsync()
    {
        EndCapture();
        _processes?.Dispose();
        Stack?.Dispose();
        await Lab.DisposeAsync();
        _topology.Dispose();
    }

    private async Task<bool> PingsAsync(string address)
    {
        try
        {
            await Guest.ExecuteAsync($"ping -c 1 -W 2 {address}");
            return true;
        }
        catch (ShellException)
        {
            return false;
        }
    }
}
