using Microsoft.Extensions.Logging.Abstractions;
using Migration.Netlink;
using Migration.Node;
using Migration.Node.Networks;
using Migration.Node.State;
using Migration.Testing;
using Migration.Testing.Lab;

namespace Migration.Host.Tests.Bindings;

/// <summary>
/// A pod whose NICs a test makes by hand, a namespace outside that they lead to, and the node's binding code in this process. A node
/// that dies is an operation that ends between two changes, and a new node object on what it left.
/// </summary>
internal sealed class BindingBench : IDisposable
{
    private static readonly Lazy<TrafficCapabilities> Kernel = new(TrafficCapabilities.Probe);
    private WiringChoice _wiring;
    private readonly List<IDisposable> _guests = [];
    private readonly TrafficCapabilities _kernel;
    private StateDirectory _state;
    private NodeMetrics _metrics;
    private GuestServer _server;

    /// <param name="wiring">What the node is told.</param>
    /// <param name="kernel">What the node is to believe that the kernel can; null is the truth.</param>
    public BindingBench(WiringChoice wiring = WiringChoice.Auto, TrafficCapabilities? kernel = null)
    {
        (_wiring, _kernel) = (wiring, kernel ?? Kernel.Value);
        Outside = TestNamespace.Create("out");
        Pod = TestNamespace.Create("pod");
        Folder = Directory.CreateDirectory($"/dev/shm/mt-lab-{Environment.ProcessId}-{Pod.Name}").FullName;
        (_state, _metrics, _server, Attachments) = NewNode();
    }

    public TestNamespace Outside { get; }

    public TestNamespace Pod { get; }

    public string Folder { get; }

    public Attachments Attachments { get; private set; }

    public string Records => Path.Combine(Folder, "attachments");

    /// <summary>Builds the pod's network, a line for each ip command: <c>pod: addr add 10.0.0.5/24 dev eth0</c>.</summary>
    public async Task<BindingBench> WithAsync(params string[] lines)
    {
        foreach (var line in lines)
        {
            var (where, command) = (line.Split(": ")[0], line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            var space = where == "pod" ? Pod : Outside;
            command = command.Replace("@pod", Pod.Name, StringComparison.Ordinal).Replace("@out", Outside.Name, StringComparison.Ordinal);
            await (command.StartsWith('!') ? space.ExecuteAsync(command[1..]) : space.IpAsync(command));
        }

        return this;
    }

    /// <summary>A veth as most CNIs make it: eth0 in the pod, <c>host</c> outside.</summary>
    public Task<BindingBench> WithVethAsync(params string[] more) => WithAsync([
        "pod: !sysctl -qw net.ipv6.conf.default.accept_dad=0",
        "out: link add host address 0a:00:00:00:00:01 type veth peer name eth0 address 0a:00:00:00:00:05 netns @pod",
        "pod: link set lo up", "out: link set host up", "pod: link set eth0 up", .. more]);

    public static AttachmentKey Key(string nic = "eth0") => new("bench", "sandbox", nic);

    public Attachment Attach(InterfacePlan plan) =>
        Attachments.Attach(Key(plan.PodInterface), new PodIdentity("default", "virt-launcher-bench", "uid"), Pod.Path, plan, "bench");

    public BoundInterface Bind(InterfacePlan plan) => Attach(plan).Bound!;

    public void Detach(string nic = "eth0", bool pathKnown = true) => Attachments.Detach(Key(nic), pathKnown ? Pod.Path : "");

    public void Check(string nic = "eth0") => Attachments.Check(Key(nic), Pod.Path);

    /// <summary>A new node process on what the last one left.</summary>
    public void Restart(Action? meanwhile = null)
    {
        StopNode();
        meanwhile?.Invoke();
        (_state, _metrics, _server, Attachments) = NewNode();
        Attachments.Recover();
    }

    /// <summary>A new node process that is told another wiring.</summary>
    public void Restart(WiringChoice wiring) => Restart(meanwhile: () => _wiring = wiring);

    /// <summary>A new node goes on after a crash; the same one goes on where it was not the process but the operation that failed.</summary>
    public bool GoOn(int attempt)
    {
        if (attempt % 3 == 0)
            return false;
        Restart();
        return true;
    }

    public static async Task EventuallyAsync(Func<Task<bool>> holds, string what)
    {
        var waiting = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(waiting) < LabNode.Limit, $"not within {LabNode.Limit.TotalSeconds} s: {what}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    public void LoseState()
    {
        foreach (var record in Directory.EnumerateFiles(Records))
            File.Delete(record);
    }

    public async Task<LabGuestStack> PlugAsync(BoundInterface bound, bool ipv6 = false)
    {
        var guest = await LabGuestStack.PlugAsync(Pod, bound.Tap, bound.Mac, ipv6);
        _guests.Add(guest);
        return guest;
    }

    /// <summary>
    /// busybox's DHCP client in a guest, once: it takes the address and the routes (those of option 121, where there are any) and says what
    /// it was given.
    /// </summary>
    public async Task<string> LeaseAsync(LabGuestStack guest)
    {
        var script = Path.Combine(Folder, "udhcpc.sh");
        await File.WriteAllTextAsync(script, """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            echo "ip=$ip/$mask router=$router routes=$staticroutes mtu=$mtu server=$serverid"
            ip addr flush dev eth0 scope global; ip addr add $ip/$mask dev eth0
            set -- $staticroutes
            while [ $# -gt 1 ]; do
                if [ $2 = 0.0.0.0 ]; then ip route replace $1 dev eth0; else ip route replace $1 via $2; fi
                shift 2
            done
            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return await guest.Namespace.ExecuteAsync($"busybox udhcpc -i eth0 -n -q -f -t 20 -T 1 -O mtu -O staticroutes -s {script}");
    }

    public void Dispose()
    {
        foreach (var guest in _guests)
            guest.Dispose();
        StopNode();
        Pod.Dispose();
        Outside.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void StopNode()
    {
        Attachments.Dispose();
        _server.Dispose();
        _metrics.Dispose();
        _state.Dispose();
    }

    private (StateDirectory, NodeMetrics, GuestServer, Attachments) NewNode()
    {
        var state = StateDirectory.Open(Folder);
        var metrics = new NodeMetrics();
        var server = new GuestServer(metrics, TimeProvider.System, NullLogger<GuestServer>.Instance);
        return (state, metrics, server, new Attachments(state, server, new Node.Networks.Bindings(new Wirings(_wiring, _kernel), new NodeOptions { Name = "bench" }), NullLogger<Attachments>.Instance));
    }
}
