using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>An eventfd(2): wakes a thread that waits in poll or epoll.</summary>
internal sealed class EventDescriptor : IDisposable
{
    private const int NonBlocking = 0x800, CloseOnExec = 0x80000;

    private readonly FileDescriptor _descriptor = new(LibC.EventFd(0, NonBlocking | CloseOnExec).OrThrow("eventfd"));

    public SafeHandle Handle => _descriptor;

    public void Set()
    {
        var one = 1L;
        _descriptor.Write(MemoryMarshal.AsBytes(new Span<long>(ref one)));
    }

    public void Reset()
    {
        Span<byte> counter = stackalloc byte[8];
        try
        {
            _descriptor.Read(counter);
        }
        catch (LinuxException exception) when (exception.Errno == Errno.EAGAIN)
        {
            // Nobody had set it.
        }
    }

    public void Dispose() => _descriptor.Dispose();
}
