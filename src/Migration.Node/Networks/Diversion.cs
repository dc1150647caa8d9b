using Migration.Linux;

namespace Migration.Node.Networks;

/// <summary>
/// Takes one NIC's frames from a guest that has just been stopped to where it will run on (DESIGN §7), without losing any. Frames that the
/// guest has not read still wait in its tap, whose reading end is shared with QEMU: they go first, then the cable is pointed at the new way,
/// then follows what slipped in between. One more may be inside QEMU, which reads a frame before it finds that the guest stands still, at
/// any time until then: it is taken from a record of the last frames, by what is missing among those that were not read. Everything that was sent after the guest from here, by hand or by the cable, is kept until the
/// outcome is certain, and can be put back.
/// </summary>
internal sealed class Diversion : IDisposable
{
    private const int MostFrames = 2048, MostBytes = 8 << 20, LargestFrame = 70_000;

    // QEMU delivers nothing any more for some milliseconds before it says that the guest has stopped; on a busy machine, where it waits for
    // the vCPUs to stand still, for some hundred. What it read longer than this before that, the guest has got. (One frame that comes twice
    // is better than one that never comes.)
    private static readonly TimeSpan InsideQemu = TimeSpan.FromMilliseconds(500);
    private readonly PodLinks _links;
    private readonly BorrowedTap? _tap;
    private readonly PacketSocket _seen;
    private readonly PacketSocket _way;
    private readonly Lock _gate = new(); // protects what is read, which the watcher does until the guest stands still
    private readonly RecentFrames _recent = new(MostFrames, MostBytes);
    private readonly List<byte[]> _taken = [];
    private readonly byte[] _frame = new byte[LargestFrame];
    private readonly Func<Action, CancellationToken, Task> _point;
    private readonly TimeProvider _time;
    private readonly Thread _watcher;
    private PacketSocket? _redirected;
    private bool _looked;
    private volatile bool _stop;

    /// <param name="links">The pod; owned from now on.</param>
    /// <param name="tap">The guest's tap there.</param>
    /// <param name="way">The link that leads to the guest's new place.</param>
    /// <param name="qemu">The process that holds the tap.</param>
    /// <param name="point">Points the frames for the guest at their new way, and has those sent that wait here, as soon as they have a way.</param>
    /// <param name="time">Tells what was recent.</param>
    public Diversion(PodLinks links, string tap, string way, int qemu, Func<Action, CancellationToken, Task> point, TimeProvider time)
    {
        (_links, _point, _time) = (links, point, time);
        _tap = BorrowedTap.Find(qemu, tap);
        var options = new PacketOptions { VirtioNetHeader = true, ReceiveBufferBytes = MostBytes };
        _seen = PacketSocket.Open(links.Space, links.Route.GetLink(tap).Index, options);
        _way = PacketSocket.Open(links.Space, links.Route.GetLink(way).Index, options with { Filter = PacketFilter.Nothing, BypassTrafficControl = true });
        _watcher = new Thread(Watch) { IsBackground = true, Name = $"frames to {tap}" };
        _watcher.Start();
    }

    /// <summary>The network will send elsewhere by itself.</summary>
    public bool IsPassing { get; init; }

    /// <summary>Frames that were sent after the guest.</summary>
    public int Sent => _taken.Count;

    /// <summary>The guest stands still since then: its frames follow it. Tried again after a failure, it goes on.</summary>
    public async Task DivertAsync(DateTimeOffset stopped, CancellationToken ct)
    {
        _stop = true;
        var insideSince = _time.GetTimestamp() - Ticks(_time.GetUtcNow() - stopped + InsideQemu);
        // The kernel keeps for us what the cable sends from now on; our own frames pass beside it.
        _redirected ??= PacketSocket.Open(_links.Space, _way.InterfaceIndex, new PacketOptions { VirtioNetHeader = true, ReceiveBufferBytes = MostBytes });
        await _point(() => Take(insideSince), ct);
    }

    /// <summary>What was still on its way here when the frames were led elsewhere follows now.</summary>
    public void TakeLate() => Take(long.MaxValue);

    /// <summary>
    /// How many frames for the guest alone were led elsewhere since this was asked last: when none is, the network sends them elsewhere by
    /// itself. What was asked about cannot be put back any more.
    /// </summary>
    public int CountRedirected()
    {
        var count = 0;
        while (_redirected?.TryReceive(_frame, out var frame) == true)
        {
            if (frame.Type is PacketType.Outgoing && frame.Length > PacketSocket.VirtioNetHeaderSize && (_frame[PacketSocket.VirtioNetHeaderSize] & 1) == 0)
                count++;
        }

        return count;
    }

    /// <summary>The guest runs on here: it gets its frames after all. The cable has been pointed back, and the way may be gone.</summary>
    public void Return()
    {
        try
        {
            foreach (var frame in _taken)
                _seen.TrySend(frame);
            // That the link went is said in between, once.
            for (var attempt = 0; attempt < 2; attempt++)
                ReturnRedirected();
        }
        catch (LinuxException)
        {
            // The tap has gone, and its guest.
        }

        _taken.Clear();
    }

    public void Dispose()
    {
        _stop = true;
        _watcher.Join();
        _redirected?.Dispose();
        _seen.Dispose();
        _way.Dispose();
        _tap?.Dispose();
        _links.Dispose();
    }

    /// <param name="insideSince">A frame that was seen after this may be inside QEMU.</param>
    private void Take(long insideSince)
    {
        lock (_gate)
        {
            Collect();
            var waiting = _recent.Count;
            var unread = new List<byte[]>();
            while (_tap is not null && _tap.TryRead(_frame, out var length))
                unread.Add(WithPlainHeader(_frame.AsSpan(0, length), _tap.HeaderLength));
            Collect();
            var missed = _tap is { Queues: > 1 } ? WithOneInside(unread, insideSince) : _recent.Complete(unread, waiting, insideSince);
            _taken.AddRange(missed);
            foreach (var frame in missed)
                _way.TrySend(frame);
        }
    }

    /// <summary>Queues are read independently of each other: what came before what cannot be told for all that was seen.</summary>
    private List<byte[]> WithOneInside(List<byte[]> unread, long since)
    {
        if (!_looked && _recent.Before(unread.FirstOrDefault(), since) is { } inside)
            unread.Insert(0, inside);
        _looked = true;
        return unread;
    }

    private void ReturnRedirected()
    {
        while (_redirected?.TryReceive(_frame, out var frame) == true)
        {
            if (frame.Type is PacketType.Outgoing)
                _seen.TrySend(_frame.AsSpan(0, frame.Length));
        }
    }

    private void Watch()
    {
        try
        {
            while (!_stop)
            {
                if (!_seen.Wait(TimeSpan.FromMilliseconds(20)))
                    continue;
                lock (_gate)
                    Collect();
            }
        }
        catch (LinuxException)
        {
            // The tap cannot be watched any more: nobody needs to know what went to it.
        }
    }

    private void Collect()
    {
        while (_seen.TryReceive(_frame, out var frame))
        {
            if (frame.Type is PacketType.Outgoing)
                _recent.Add(_frame.AsSpan(0, frame.Length), _time.GetTimestamp());
        }
    }

    private long Ticks(TimeSpan span) => span > TimeSpan.Zero ? (long)(span.TotalSeconds * _time.TimestampFrequency) : 0;

    /// <summary>A guest that merges buffers has two bytes more before each frame than a packet socket has.</summary>
    private static byte[] WithPlainHeader(ReadOnlySpan<byte> frame, int header) =>
        [.. frame[..PacketSocket.VirtioNetHeaderSize], .. frame[header..]];
}
