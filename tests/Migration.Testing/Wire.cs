using Migration.Linux;

namespace Migration.Testing;

/// <summary>Joins two taps by their descriptors, as a virtual machine's network card would: what one side sends, the other receives, virtio-net headers included.</summary>
public sealed class Wire : IDisposable
{
    private readonly Poller _poller = new();
    private readonly Thread _thread;
    private volatile bool _stopped;
    private int _frames;
    private int _largest;

    public Wire(FileDescriptor left, FileDescriptor right)
    {
        var buffer = new byte[70_000];
        _poller.Watch(left, () => Copy(left, right, buffer));
        _poller.Watch(right, () => Copy(right, left, buffer));
        _thread = new Thread(Run) { Name = "wire", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Frames that passed, both ways.</summary>
    public int Frames => Volatile.Read(ref _frames);

    public int LargestFrame => Volatile.Read(ref _largest);

    public void Dispose()
    {
        _stopped = true;
        _poller.Wake();
        _thread.Join();
        _poller.Dispose();
    }

    private void Run()
    {
        while (!_stopped)
            _poller.Wait(Timeout.InfiniteTimeSpan);
    }

    private void Copy(FileDescriptor from, FileDescriptor to, byte[] buffer)
    {
        var length = from.Read(buffer);
        _frames++;
        _largest = Math.Max(_largest, length);
        to.Write(buffer.AsSpan(0, length));
    }
}
