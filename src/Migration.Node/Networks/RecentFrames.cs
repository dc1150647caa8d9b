using Migration.Linux;

namespace Migration.Node.Networks;

/// <summary>The last frames that went to a guest, oldest first; older ones make room when there are too many, or they are too large.</summary>
internal sealed class RecentFrames(int mostFrames, int mostBytes)
{
    private readonly Queue<(byte[] Frame, long Seen)> _frames = new();
    private int _bytes;

    // The number of the oldest that is kept, of the next that is looked at, and whether any was looked at.
    private long _oldest, _next;
    private bool _begun;

    /// <summary>How many were seen in all.</summary>
    public long Count => _oldest + _frames.Count;

    public void Add(ReadOnlySpan<byte> frame, long seen)
    {
        _frames.Enqueue((frame.ToArray(), seen));
        _bytes += frame.Length;
        while (_frames.Count > mostFrames || _bytes > mostBytes)
        {
            _bytes -= _frames.Dequeue().Frame.Length;
            _oldest++;
        }
    }

    /// <summary>
    /// What the guest has not got, in its order: the frames that wait in its tap, and among them those that are there no more. QEMU takes one,
    /// whenever it finds the time, and keeps it; what is full drops others. Asked again, it goes on where it was.
    /// </summary>
    /// <param name="unread">What waits in the tap.</param>
    /// <param name="waiting">How many had been seen when the tap was looked at: these are in it, or nowhere.</param>
    /// <param name="since">A frame that came before the first of them, but after this, may be inside QEMU.</param>
    public IReadOnlyList<byte[]> Complete(IReadOnlyList<byte[]> unread, long waiting, long since)
    {
        var frames = _frames.ToArray();
        if (!_begun)
        {
            _begun = true;
            var first = unread.Count == 0 ? frames.Length : Array.FindLastIndex(frames, one => Body(one.Frame).SequenceEqual(Body(unread[0])));
            var inside = first > 0 && frames[first - 1].Seen >= since;
            _next = _oldest + (first < 0 ? frames.Length : inside ? first - 1 : first);
        }

        List<byte[]> missed = [];
        foreach (var frame in unread)
        {
            var begin = Index(_next);
            var found = Array.FindIndex(frames, begin, one => Body(one.Frame).SequenceEqual(Body(frame)));
            if (found >= 0)
            {
                missed.AddRange(frames[begin..found].Select(one => one.Frame));
                _next = _oldest + found + 1;
            }

            missed.Add(frame);
        }

        var end = Math.Max(Index(_next), Index(waiting));
        missed.AddRange(frames[Index(_next)..end].Select(one => one.Frame));
        _next = Math.Max(_next, _oldest + end);
        return missed;

        int Index(long number) => (int)Math.Clamp(number - _oldest, 0, frames.Length);
    }

    /// <summary>The frame that went to the guest just before this one, or last of all if this is null; unless it was seen before that moment.</summary>
    public byte[]? Before(byte[]? first, long since)
    {
        var frames = _frames.ToArray();
        // Some frames that were seen may never have got a place in the tap: it is found by what is in it, not by counting.
        var position = first is null ? frames.Length : Array.FindLastIndex(frames, one => Body(one.Frame).SequenceEqual(Body(first)));
        return position > 0 && frames[position - 1] is var (frame, seen) && seen >= since ? frame : null;
    }

    // Two sockets may put different headers before the same frame.
    private static ReadOnlySpan<byte> Body(byte[] frame) => frame.AsSpan(PacketSocket.VirtioNetHeaderSize);
}
