using Migration.Linux;

namespace Migration.Testing.Lab;

/// <summary>
/// A guest without QEMU: a namespace with a real network stack whose eth0 is, frame by frame, the far end of a pod's tap. What QEMU's
/// virtio-net does, done by a coupling of two taps.
/// </summary>
public sealed class LabGuestStack : IDisposable
{
    private readonly TapCoupling _cable;

    private LabGuestStack(TestNamespace space, TapCoupling cable) => (Namespace, _cable) = (space, cable);

    public TestNamespace Namespace { get; }

    /// <summary>Plugs a new guest into the pod's tap; its NIC has this MAC and is up, without addresses.</summary>
    public static Task<LabGuestStack> PlugAsync(LabPod pod, string tap, string mac) => PlugAsync(pod.Namespace, tap, mac);

    /// <summary>The same for a pod made by hand; with IPv6 the stack finds its link-local address and asks for routers.</summary>
    public static async Task<LabGuestStack> PlugAsync(TestNamespace pod, string tap, string mac, bool ipv6 = false)
    {
        var space = TestNamespace.Create("stack");
        var options = new TapOptions { VirtioNetHeader = true };
        var (podEnd, guestEnd) = (Tap.Open(pod.Space, tap, options), Tap.Open(space.Space, "eth0", options));
        if (!ipv6)
            await space.ExecuteAsync("sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1");
        await space.IpAsync($"link set eth0 address {mac} up");
        await space.IpAsync("link set lo up");
        return new LabGuestStack(space, TapCoupling.Join(podEnd, guestEnd));
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
        // The links go, and the coupling's reads end.
        Namespace.Dispose();
        _cable.Dispose();
    }
}
