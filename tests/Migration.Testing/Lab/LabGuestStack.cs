using Migration.Linux;

namespace Migration.Testing.Lab;

/// <summary>
/// A guest without QEMU: a namespace with a real network stack whose eth0 is, frame by frame, the far end of a pod's tap. What QEMU's
/// virtio-net does, done by two threads between two taps.
/// </summary>
public sealed class LabGuestStack : IDisposable
{
    private readonly Tap _podEnd;
    private readonly Tap _guestEnd;
    private readonly Thread[] _threads;

    private LabGuestStack(TestNamespace space, Tap podEnd, Tap guestEnd)
    {
        (Namespace, _podEnd, _guestEnd) = (space, podEnd, guestEnd);
        _threads =
        [
            new Thread(() => Carry(podEnd.Queues[0], guestEnd.Queues[0])) { IsBackground = true, Name = "to guest" },
            new Thread(() => Carry(guestEnd.Queues[0], podEnd.Queues[0])) { IsBackground = true, Name = "from guest" },
        ];
    }

    public TestNamespace Namespace { get; }

    /// <summary>Plugs a new guest into the pod's tap; its NIC has this MAC and is up, without addresses.</summary>
    public static async Task<LabGuestStack> PlugAsync(LabPod pod, string tap, string mac)
    {
        var space = TestNamespace.Create("stack");
        var options = new TapOptions { VirtioNetHeader = true };
        var stack = new LabGuestStack(space, Tap.Open(pod.Namespace.Space, tap, options), Tap.Open(space.Space, "eth0", options));
        await space.ExecuteAsync("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1");
        await space.IpAsync($"link set eth0 address {mac} up");
        await space.IpAsync("link set lo up");
        foreach (var thread in stack._threads)
            thread.Start();
        return stack;
    }

    /// <summary>busybox's DHCP client, once; its script prints what it was given.</summary>
    public Task<string> UdhcpcAsync(string folder, string more = "")
    {
        var script = Path.Combine(folder, "udhcpc.sh");
        File.WriteAllText(script, """
            #!/bin/sh
            [ "$1" = bound ] || exit 0
            echo "ip=$ip mask=$mask router=$router mtu=$mtu hostname=$hostname server=$serverid lease=$lease"
            ip addr flush dev eth0; ip addr add $ip/$mask dev eth0; [ -z "$router" ] || ip route replace default via $router
            """);
        File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return Shell.RunLineAsync($"ip netns exec {Namespace.Name} busybox udhcpc -i eth0 -n -q -f -t 10 -T 1 -O mtu -O hostname -s {script}{(more.Length > 0 ? " " + more : "")}");
    }

    public void Dispose()
    {
        // The links go; both reads end with an error.
        Namespace.Dispose();
        _podEnd.Dispose();
        _guestEnd.Dispose();
    }

    private static void Carry(FileDescriptor from, FileDescriptor to)
    {
        var frame = new byte[70_000];
        try
        {
            while (true)
            {
                var length = from.Read(frame);
                to.Write(frame.AsSpan(0, length));
            }
        }
        catch (Exception ended) when (ended is LinuxException or ObjectDisposedException)
        {
            // Unplugged.
        }
    }
}
