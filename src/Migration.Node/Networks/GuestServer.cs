using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Node.Networks;

/// <summary>
/// Answers every guest's DHCP and ARP for what only the node knows: one thread and one poller for all taps. It sees what a guest
/// sends before tc takes it to the other end of the cable, and holds nothing that could not be made anew from the attachments.
/// </summary>
internal sealed class GuestServer : IDisposable
{
    private const int Burst = 64;
    private const int LongestFrame = 2048;
    private readonly Poller _poller = new();
    private readonly Thread _thread;
    private readonly Lock _gate = new(); // protects _taps
    private readonly Dictionary<AttachmentKey, ServedTap> _taps = [];
    private readonly byte[] _frame = new byte[LongestFrame];
    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];
    private readonly NodeMetrics _metrics;
    private readonly ILogger _log;
    private volatile bool _stopping;

    public GuestServer(NodeMetrics metrics, ILogger<GuestServer> log)
    {
        (_metrics, _log) = (metrics, log);
        _thread = new Thread(Loop) { IsBackground = true, Name = "guest server" };
        _thread.Start();
    }

    /// <summary>A guest took its lease. Called on the server's thread.</summary>
    public event Action<AttachmentKey>? Leased;

    /// <summary>Serves a tap, or serves it anew with another lease.</summary>
    public void Serve(AttachmentKey key, BoundInterface bound, int tapIndex, PodNic nic, NetworkNamespace space)
    {
        Stop(key);
        if (GuestFrames.ForTheNode(nic, bound) is not { } questions || !GuestLeases.ServesIpv4(bound))
            return;
        var identity = GuestIdentity.Of(bound);
        var pinned = nic.PinnedNeighbours.Where(one => one.Key.AddressFamily is AddressFamily.InterNetwork).ToDictionary();
        var responder = new GuestResponder(GuestLeases.ToDhcp(bound.Lease), identity.Server, pinned);
        var options = new PacketOptions { Filter = questions, IgnoreOutgoing = true };
        var tap = new ServedTap(key, bound, responder, PacketSocket.Open(space, tapIndex, options));
        lock (_gate)
            _taps[key] = tap;
        tap.Watch = _poller.Watch(tap.Socket.Descriptor, () => Answer(tap));
    }

    public void Stop(AttachmentKey key)
    {
        ServedTap? tap;
        lock (_gate)
            _taps.Remove(key, out tap);
        tap?.Dispose();
    }

    public void Dispose()
    {
        _stopping = true;
        _poller.Wake();
        _thread.Join();
        foreach (var tap in _taps.Values)
            tap.Dispose();
        _poller.Dispose();
    }

    private void Loop()
    {
        while (!_stopping)
            _poller.Wait(Timeout.InfiniteTimeSpan);
    }

    private void Answer(ServedTap tap)
    {
        try
        {
            for (var count = 0; count < Burst && tap.Socket.TryReceive(_frame, out var received); count++)
                Answer(tap, _frame.AsSpan(0, received.Length));
        }
        catch (LinuxException failure)
        {
            Log.ResponderFailed(_log, tap.Bound.Tap, tap.Key.ToString(), failure.Message);
            tap.Watch?.Dispose();
        }
    }

    private void Answer(ServedTap tap, ReadOnlySpan<byte> frame)
    {
        var answer = tap.Responder.Answer(frame, _reply);
        if (answer.Length == 0)
        {
            _metrics.DhcpIgnored();
            return;
        }

        // A full queue is the guest's own doing; its client asks again.
        tap.Socket.TrySend(_reply.AsSpan(0, answer.Length));
        _metrics.DhcpAnswered();
        if (answer.Dhcp is DhcpOutcome.Acknowledged)
            Leased?.Invoke(tap.Key);
    }

    private sealed record ServedTap(AttachmentKey Key, BoundInterface Bound, GuestResponder Responder, PacketSocket Socket) : IDisposable
    {
        public IDisposable? Watch { get; set; }

        public void Dispose()
        {
            Watch?.Dispose();
            Socket.Dispose();
        }
    }
}
