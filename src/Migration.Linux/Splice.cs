using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>Moves bytes between two descriptors inside the kernel, through a pipe (splice(2)). One thread at a time.</summary>
public sealed unsafe class Splice : IDisposable
{
    private const uint Move = 1;

    private readonly FileDescriptor _readEnd;
    private readonly FileDescriptor _writeEnd;
    private readonly int _capacity;

    /// <summary>A pipe of about the given size; unprivileged users get at most /proc/sys/fs/pipe-max-size.</summary>
    public Splice(int capacity = 256 * 1024)
    {
        var ends = stackalloc int[2];
        LibC.Pipe(ends, LibC.O_CLOEXEC).OrThrow("create pipe");
        _readEnd = new FileDescriptor(ends[0]);
        _writeEnd = new FileDescriptor(ends[1]);
        _capacity = LibC.Fcntl(_writeEnd, LibC.F_SETPIPE_SZ, capacity).OrThrow($"set pipe size {capacity}");
    }

    /// <summary>Moves what is there, at most one pipe full, waiting for the first byte; returns 0 at the end of the input.</summary>
    public int Step(SafeHandle from, SafeHandle to)
    {
        var taken = Transfer(from, _writeEnd, _capacity, Move, waitOn: from, PollDescriptor.In);
        for (var left = taken; left > 0;)
            left -= Transfer(_readEnd, to, left, Move, waitOn: to, PollDescriptor.Out);
        return taken;
    }

    public void Dispose()
    {
        _readEnd.Dispose();
        _writeEnd.Dispose();
    }

    private static int Transfer(SafeHandle from, SafeHandle to, int length, uint flags, SafeHandle waitOn, short events)
    {
        while (true)
        {
            var result = LibC.Splice(from, null, to, null, (nuint)length, flags);
            if (!result.Failed)
                return result.OrThrow("splice");
            var errno = result.Errno;
            if (errno == Errno.EAGAIN)
                PollDescriptor.Wait(waitOn, events, timeoutMilliseconds: -1);
            else if (errno != Errno.EINTR)
                throw new LinuxException("splice", errno);
        }
    }
}
