using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// Readiness of many descriptors for one thread: epoll(7), level-triggered, with a callback each. One thread calls
/// <see cref="Wait"/> in a loop; the other members may be called from anywhere.
/// </summary>
public sealed class Poller : IDisposable
{
    private const int Add = 1, Delete = 2;
    private const uint Readable = 1;
    private const int Batch = 64;
    private const ulong WakeToken = 0;

    // The kernel packs struct epoll_event on x86-64 only.
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;
    private static readonly int TokenOffset = EventSize - sizeof(ulong);

    private readonly FileDescriptor _epoll;
    private readonly EventDescriptor _wake = new();

    // Protects _watches, and is held while a callback runs: once a watch's Dispose has returned, its callback is over for good.
    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Registration> _watches = [];
    private ulong _lastToken = WakeToken;

    public Poller()
    {
        _epoll = new FileDescriptor(LibC.EpollCreate(LibC.O_CLOEXEC).OrThrow("create epoll"));
        Register(_wake.Handle, WakeToken);
    }

    /// <summary>
    /// Calls <paramref name="ready"/> from <see cref="Wait"/> whenever the descriptor has something to read (or is in error),
    /// until the returned watch is disposed. Dispose the watch before the descriptor. The callback must not block.
    /// </summary>
    public IDisposable Watch(SafeHandle descriptor, Action ready)
    {
        lock (_gate)
        {
            var token = ++_lastToken;
            Register(descriptor, token);
            return _watches[token] = new Registration(this, token, descriptor, ready);
        }
    }

    /// <summary>Waits until something is ready and runs the callbacks; false if nothing was within the time. A wake-up counts.</summary>
    public unsafe bool Wait(TimeSpan timeout)
    {
        var events = stackalloc byte[Batch * EventSize];
        var milliseconds = timeout == Timeout.InfiniteTimeSpan ? -1 : (int)Math.Min(int.MaxValue, Math.Ceiling(timeout.TotalMilliseconds));
        var result = LibC.EpollWait(_epoll, events, Batch, milliseconds);
        if (result.Failed && result.Errno == Errno.EINTR)
            return false;

        var count = result.OrThrow("wait for readiness");
        for (var index = 0; index < count; index++)
            Dispatch(MemoryMarshal.Read<ulong>(new ReadOnlySpan<byte>(events + index * EventSize + TokenOffset, sizeof(ulong))));
        return count > 0;
    }

    /// <summary>Makes the current or next <see cref="Wait"/> return at once.</summary>
    public void Wake() => _wake.Set();

    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Dispatch(ulong token)
    {
        if (token == WakeToken)
        {
            _wake.Reset();
            return;
        }

        lock (_gate)
        {
            if (_watches.TryGetValue(token, out var watch))
                watch.Ready();
        }
    }

    private unsafe void Register(SafeHandle descriptor, ulong token)
    {
        var entry = stackalloc byte[EventSize];
        MemoryMarshal.Write(new Span<byte>(entry, EventSize), Readable);
        MemoryMarshal.Write(new Span<byte>(entry + TokenOffset, sizeof(ulong)), token);
        LibC.EpollControl(_epoll, Add, descriptor, entry).OrThrow("watch descriptor");
    }

    private unsafe void Forget(Registration watch)
    {
        lock (_gate)
        {
            // A descriptor that is closed already has left the set by itself.
            if (_watches.Remove(watch.Token) && !_epoll.IsClosed && !watch.Descriptor.IsClosed)
                _ = LibC.EpollControl(_epoll, Delete, watch.Descriptor, null);
        }
    }

    private sealed class Registration(Poller poller, ulong token, SafeHandle descriptor, Action ready) : IDisposable
    {
        public ulong Token { get; } = token;

        public SafeHandle Descriptor { get; } = descriptor;

        public Action Ready { get; } = ready;

        public void Dispose() => poller.Forget(this);
    }
}
