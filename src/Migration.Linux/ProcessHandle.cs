namespace Migration.Linux;

/// <summary>
/// One particular process, held by a pidfd: signals reach it or nobody, even after its number was given to another.
/// It need not be our child.
/// </summary>
public sealed class ProcessHandle : IDisposable
{
    private readonly FileDescriptor _descriptor;

    private ProcessHandle(FileDescriptor descriptor, int id)
    {
        _descriptor = descriptor;
        Id = id;
    }

    public int Id { get; }

    /// <summary>Becomes readable when the process ends: for a <see cref="Poller"/>.</summary>
    public FileDescriptor Descriptor => _descriptor;

    public bool HasExited => WaitForExit(TimeSpan.Zero);

    public static ProcessHandle Open(int id) => new(new FileDescriptor(LibC.PidFdOpen(id, 0).OrThrow($"open process {id}")), id);

    /// <summary>Opens the very process that was recorded; null if it has ended since, whoever has its number now.</summary>
    public static ProcessHandle? TryOpen(ProcessIdentity identity)
    {
        ProcessHandle opened;
        try
        {
            opened = Open(identity.Id);
        }
        catch (LinuxException exception) when (exception.Errno is Errno.ESRCH or Errno.EINVAL)
        {
            return null;
        }

        // Looked at after opening: if it is the recorded one now, the handle holds it.
        if (ProcessIdentity.TryOf(identity.Id) == identity)
            return opened;
        opened.Dispose();
        return null;
    }

    /// <summary>Sends a signal by number; false if the process has ended.</summary>
    public bool Signal(ProcessSignal signal)
    {
        var result = LibC.PidFdSendSignal(_descriptor, (int)signal);
        if (result.Failed && result.Errno == Errno.ESRCH)
            return false;
        result.OrThrow($"send {signal} to process {Id}");
        return true;
    }

    /// <summary>A descriptor of ours for what the process has open under this number.</summary>
    public FileDescriptor Borrow(int number) => new(LibC.PidFdGetFd(_descriptor, number).OrThrow($"share descriptor {number} of process {Id}"));

    /// <summary>True as soon as the process has ended; false when time is up.</summary>
    public bool WaitForExit(TimeSpan timeout) => PollDescriptor.Wait(_descriptor, PollDescriptor.In, (int)timeout.TotalMilliseconds);

    /// <summary>Blocks until the process has ended or the token is cancelled.</summary>
    public void WaitForExit(CancellationToken ct)
    {
        using var cancelled = new EventDescriptor();
        using (ct.UnsafeRegister(static state => ((EventDescriptor)state!).Set(), cancelled))
            PollDescriptor.Wait([(_descriptor, PollDescriptor.In), (cancelled.Handle, PollDescriptor.In)], timeoutMilliseconds: -1);
        if (!HasExited)
            ct.ThrowIfCancellationRequested();
    }

    public void Dispose() => _descriptor.Dispose();
}
