using Migration.Linux;

namespace Migration.Node.Networks;

/// <summary>The last frames that went to a guest, oldest first; older ones make room when there are too many, or they are too large.</summary>
internal sealed class RecentFrames(int mostFrames, int mostBytes)
{
    private readonly Queue<(byte[] Frame, long Seen)> _frames = new();
    private int _bytes;

    public void Add(ReadOnlySpan<byte> frame, long seen)
    {
        _frames.Enqueue((frame.ToArray(), seen));
        _bytes += frame.Length;
        while (_frames.Count > mostFrames || _bytes > mostBytes)
            _bytes -= _frames.Dequeue().Frame.Length;
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
