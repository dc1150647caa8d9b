namespace Migration.Linux;

/// <summary>
/// Two taps joined frame by frame by two threads: what QEMU does between a tap and a guest's NIC, for a guest that is a network namespace.
/// </summary>
public sealed class TapCoupling : IDisposable
{
    // A virtio header and the largest segment that an offload lets through.
    private const int LargestFrame = 70_000;
    private readonly Tap _one;
    private readonly Tap _other;

    private TapCoupling(Tap one, Tap other) => (_one, _other) = (one, other);

    /// <summary>Carries frames until it is disposed, or either tap is gone. Owns both taps.</summary>
    public static TapCoupling Join(Tap one, Tap other)
    {
        Start(one, other);
        Start(other, one);
        return new TapCoupling(one, other);
    }

    public void Dispose()
    {
        _one.Dispose();
        _other.Dispose();
    }

    private static void Start(Tap from, Tap to) =>
        new Thread(() => Carry(from.Queues[0], to.Queues[0])) { IsBackground = true, Name = $"{from.Name} to {to.Name}" }.Start();

    private static void Carry(FileDescriptor from, FileDescriptor to)
    {
        var frame = new byte[LargestFrame];
        try
        {
            while (true)
                Hand(frame.AsSpan(0, from.Read(frame)), to);
        }
        catch (Exception ended) when (ended is LinuxException or ObjectDisposedException)
        {
            // A tap is gone: unplugged.
        }
    }

    private static void Hand(ReadOnlySpan<byte> frame, FileDescriptor to)
    {
        try
        {
            to.Write(frame);
        }
        catch (LinuxException down) when (down.Errno is Errno.EIO)
        {
            // The NIC there is not up, or not any more: it hears nothing for now.
        }
    }
}
