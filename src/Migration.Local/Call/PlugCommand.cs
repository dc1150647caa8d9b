using Migration.Linux;
using Migration.Netlink;

namespace Migration.Local.Call;

/// <summary>
/// <c>migration plug</c>: puts a network namespace behind a pod's tap, where QEMU would put a guest. For harnesses that want a guest's
/// network without a guest.
/// </summary>
public static class PlugCommand
{
    private const string GuestNic = "eth0";

    public static async Task<int> RunAsync(string pod, string tap, string guest, string mac, CancellationToken ct)
    {
        try
        {
            using var podSpace = NetworkNamespace.Open(PathOf(pod));
            using var guestSpace = NetworkNamespace.Open(PathOf(guest));
            var options = new TapOptions { VirtioNetHeader = true };
            using var cable = TapCoupling.Join(Tap.Open(podSpace, tap, options), Tap.Open(guestSpace, GuestNic, options));
            Raise(guestSpace, mac);
            Console.WriteLine($"{guest}'s {GuestNic} is plugged into {tap} of {pod}; end this process to unplug it");
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
            return 0;
        }
        catch (IOException refused)
        {
            await Console.Error.WriteLineAsync($"migration plug: {refused.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static void Raise(NetworkNamespace guest, string mac)
    {
        using var links = RouteClient.Open(guest);
        var nic = links.GetLink(GuestNic).Index;
        links.SetLink(nic, new LinkChanges { Mac = System.Net.NetworkInformation.PhysicalAddress.Parse(mac) });
        links.SetLink(nic, new LinkChanges { Up = true });
    }

    private static string PathOf(string name) => name.Contains('/', StringComparison.Ordinal) ? name : Path.Combine(NetworkNamespace.Directory, name);
}
