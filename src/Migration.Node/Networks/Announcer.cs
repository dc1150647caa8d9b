using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Netlink;
using Migration.Node.Machines;
using Migration.Packets;

namespace Migration.Node.Networks;

/// <summary>
/// Tells the network where a guest is now: gratuitous ARP as request and as reply, RARP, unsolicited neighbour advertisements, in a
/// burst that begins when the guest runs. QEMU's own announcements reach only switches; these reach neighbours.
/// </summary>
internal sealed class Announcer(Attachments attachments, TimeProvider time, ILogger<Announcer> log) : IAsyncDisposable
{
    private static readonly TimeSpan[] Burst = [.. new[] { 0, 10, 40, 100, 200, 650 }.Select(gap => TimeSpan.FromMilliseconds(gap))];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new(); // protects _bursts
    private readonly List<Task> _bursts = [];

    public void Announce(MachineSnapshot machine)
    {
        // A NIC without a carrier is nowhere, and an address that was left at home is where everybody found it before.
        var silent = machine.Record.Plan.Interfaces.Where(nic => nic.LinkState is LinkState.Down).Select(nic => nic.Name).ToHashSet();
        foreach (var attachment in attachments.OfPod(machine.Record.Plan.Pod.Uid).Where(attachment => attachment.Bound is { Stretch: null or { Passing: true } }))
        {
            lock (_gate)
            {
                _bursts.RemoveAll(burst => burst.IsCompleted);
                _bursts.Add(AnnounceAsync(attachment, attachment.Bound!, silent.Contains(attachment.Bound!.Name), _stop.Token));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_bursts);
        _stop.Dispose();
    }

    private async Task AnnounceAsync(Attachment attachment, BoundInterface bound, bool silent, CancellationToken ct)
    {
        await Task.Yield();
        try
        {
            using var socket = Open(attachment, bound);
            foreach (var gap in Burst)
            {
                await Task.Delay(gap, time, ct);
                foreach (var frame in silent ? [] : Frames(bound))
                    socket.TrySend(frame);
            }

            attachments.EndPassing(attachment.Key);
        }
        catch (RefusedException busy)
        {
            // Whoever is at it makes it anew, or takes all of it away.
            Log.NicNotFollowed(log, attachment.Key.ToString(), busy.Message);
        }
        catch (IOException gone)
        {
            Log.ResponderFailed(log, bound.Tap, attachment.Key.ToString(), gone.Message);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
        }
    }

    /// <summary>The door to the pod's network, whatever its wiring made of its name.</summary>
    internal static PacketSocket Open(Attachment attachment, BoundInterface bound)
    {
        var names = PodNicNames.Of(bound.PodInterface);
        using var space = NetworkNamespace.Open(attachment.NamespacePath);
        using var route = RouteClient.Open(space);
        // The pod's NIC is mute for everything that is made here; these frames go past that guard.
        return PacketSocket.Open(space, (route.FindLink(names.Renamed) ?? route.GetLink(names.Nic)).Index, new PacketOptions { BypassTrafficControl = true, Filter = PacketFilter.Nothing });
    }

    internal static IEnumerable<byte[]> Frames(BoundInterface bound)
    {
        // Behind NAT it is the pod that the network knows, and the pod has not moved.
        if (bound.Binding is BindingKind.Masquerade)
            yield break;
        var mac = MacAddress.Parse(bound.Mac);
        yield return Frame(buffer => Announcement.WriteReverseRequest(buffer, mac));
        // Which addresses a managed tap's guest has is between it and whoever serves it.
        if (bound.Binding is BindingKind.ManagedTap)
            yield break;
        foreach (var address in bound.Lease.Addresses.Select(text => Packets.InterfaceAddress.Parse(text).Address))
        {
            if (address.AddressFamily is AddressFamily.InterNetworkV6)
            {
                yield return Frame(buffer => Announcement.WriteNeighbourAdvertisement(buffer, mac, address));
                continue;
            }

            yield return Frame(buffer => Announcement.WriteGratuitousRequest(buffer, mac, Ipv4Address.From(address)));
            yield return Frame(buffer => Announcement.WriteGratuitousReply(buffer, mac, Ipv4Address.From(address)));
        }
    }

    private static byte[] Frame(Func<byte[], int> write)
    {
        var buffer = new byte[Announcement.MaximumLength];
        return buffer[..write(buffer)];
    }
}
