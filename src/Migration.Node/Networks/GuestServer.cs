using Microsoft.Extensions.Logging;
using Migration.Linux;
using Migration.Packets;
using Migration.Packets.Dhcp;

namespace Migration.Node.Networks;

/// <summary>
/// What guests are told by their network when that is the node: DHCP, router advertisements, ARP and neighbour solicitations for what
/// only the node knows. One thread and one poller for all taps, and one timer for what is said unasked. It sees what a guest sends before
/// tc or a bridge does, so every wiring is served alike, and it holds nothing that could not be made anew from the attachments.
/// </summary>
internal sealed class GuestServer : IDisposable
{
    private const int Burst = 64;
    private const int LongestFrame = 4096;
    private static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1);
    private readonly Poller _poller = new();
    private readonly Thread _thread;
    private readonly Lock _gate = new(); // protects _nics and _elsewhere, and keeps a NIC from being disposed while it speaks
    private readonly Dictionary<AttachmentKey, ServedNic> _nics = [];
    private readonly HashSet<string> _elsewhere = []; // Pods whose guest does not run here.
    private readonly byte[] _frame = new byte[LongestFrame];
    private readonly byte[] _reply = new byte[GuestResponder.MaximumFrame];
    private readonly NodeMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly ILogger _log;
    private volatile bool _due;
    private volatile bool _stopping;

    public GuestServer(NodeMetrics metrics, TimeProvider time, ILogger<GuestServer> log)
    {
        (_metrics, _time, _log) = (metrics, time, log);
        _timer = time.CreateTimer(_ => SpeakSoon(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _thread = new Thread(Loop) { IsBackground = true, Name = "guest server" };
        _thread.Start();
    }

    /// <summary>A guest took its lease. Called on the server's thread.</summary>
    public event Action<AttachmentKey>? Leased;

    /// <summary>Serves a NIC, or serves it anew.</summary>
    public void Serve(Attachment attachment, int tapIndex, PodNic nic, NetworkNamespace space)
    {
        Stop(attachment.Key);
        if (attachment.Bound is not { } bound || GuestFrames.ForTheNode(nic, bound) is not { } questions)
            return;
        var socket = PacketSocket.Open(space, tapIndex, new PacketOptions { Filter = questions, IgnoreOutgoing = true });
        var served = new ServedNic(attachment, bound, nic, socket, space, _time);
        lock (_gate)
            _nics[attachment.Key] = served;
        served.Watches.Add(_poller.Watch(socket.Descriptor, () => Answer(served)));
        if (served.SearchSocket is { } search)
            served.Watches.Add(_poller.Watch(search.Descriptor, () => HearGateway(served, search)));
        SpeakSoon();
    }

    /// <summary>Serves another lease to a NIC that is served already.</summary>
    public void Refresh(AttachmentKey key, BoundInterface bound)
    {
        lock (_gate)
        {
            if (_nics.TryGetValue(key, out var served))
                served.Refresh(bound);
        }
    }

    /// <summary>Whether a pod's guest runs here. One that nothing is known of is somebody else's, who plugged it in, and does.</summary>
    public void GuestRuns(string podUid, bool runs)
    {
        lock (_gate)
        {
            if (!(runs ? _elsewhere.Remove(podUid) : _elsewhere.Add(podUid)) || !runs)
                return;
            foreach (var served in _nics.Values.Where(served => served.PodUid == podUid))
                served.Begin();
        }

        SpeakSoon();
    }

    public void Stop(AttachmentKey key)
    {
        lock (_gate)
        {
            if (_nics.Remove(key, out var served))
                served.Dispose();
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _poller.Wake();
        _thread.Join();
        _timer.Dispose();
        foreach (var served in _nics.Values)
            served.Dispose();
        _poller.Dispose();
    }

    private void Loop()
    {
        while (!_stopping)
        {
            _poller.Wait(Timeout.InfiniteTimeSpan);
            if (_due)
                Speak();
        }
    }

    private void SpeakSoon()
    {
        _due = true;
        if (!_stopping)
            _poller.Wake();
    }

    private void Speak()
    {
        _due = false;
        var next = long.MaxValue;
        lock (_gate)
        {
            foreach (var served in _nics.Values)
                next = Math.Min(next, Speak(served));
        }

        if (next == long.MaxValue)
            return;
        var wait = TimeSpan.FromSeconds((double)(next - _time.GetTimestamp()) / _time.TimestampFrequency);
        _timer.Change(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private long Speak(ServedNic served)
    {
        try
        {
            return served.Speak(!_elsewhere.Contains(served.PodUid), _reply);
        }
        catch (LinuxException failure)
        {
            if (failure.Errno is not Errno.ENETDOWN)
                Log.ResponderFailed(_log, served.Bound.Tap, served.Key.ToString(), failure.Message);
            return _time.GetTimestamp() + (long)(AfterFailure.TotalSeconds * _time.TimestampFrequency);
        }
    }

    private void HearGateway(ServedNic served, PacketSocket search)
    {
        try
        {
            for (var count = 0; count < Burst && search.TryReceive(_frame, out var received); count++)
            {
                if (served.HearGateway(_frame.AsSpan(0, received.Length)))
                    _due = true;
            }
        }
        catch (LinuxException failure)
        {
            Fail(served, failure);
        }
    }

    private void Answer(ServedNic served)
    {
        try
        {
            for (var count = 0; count < Burst && served.Socket.TryReceive(_frame, out var received); count++)
                Answer(served, _frame.AsSpan(0, received.Length));
        }
        catch (LinuxException failure)
        {
            Fail(served, failure);
        }
    }

    private void Answer(ServedNic served, ReadOnlySpan<byte> frame)
    {
        var answer = served.Responder.Answer(frame, _reply);
        if (answer.Length == 0)
            _metrics.DhcpIgnored();
        else
        {
            // A full queue is the guest's own doing; its client asks again.
            served.Socket.TrySend(_reply.AsSpan(0, answer.Length));
            _metrics.DhcpAnswered();
        }

        if (answer.Dhcp is DhcpOutcome.Acknowledged)
            Leased?.Invoke(served.Key);
        if (answer.Dhcp is DhcpOutcome.Declined && !served.DeclineTold)
        {
            served.DeclineTold = true;
            Log.Declined(_log, served.Bound.Mac, string.Join(' ', served.Bound.Lease.Addresses));
        }
    }

    // A link that is down comes up again. A socket that is in error for another reason is so for ever, and would be ready for ever.
    private void Fail(ServedNic served, LinuxException failure)
    {
        if (failure.Errno is Errno.ENETDOWN)
            return;
        Log.ResponderFailed(_log, served.Bound.Tap, served.Key.ToString(), failure.Message);
        foreach (var watch in served.Watches)
            watch.Dispose();
    }
}
