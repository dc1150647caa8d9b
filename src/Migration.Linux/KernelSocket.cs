using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// A socket of a family that .NET has no address type for (netlink, packet), created inside a namespace and usable from
/// anywhere afterwards. Calls block, or not, as told; they are system calls and nothing more.
/// </summary>
public sealed unsafe class KernelSocket : IDisposable
{
    private readonly FileDescriptor _descriptor;

    public KernelSocket(FileDescriptor descriptor) => _descriptor = descriptor;

    public FileDescriptor Descriptor => _descriptor;

    /// <summary>Creates a socket, in this process's own namespace when none is given.</summary>
    public static KernelSocket Open(NetworkNamespace? space, int family, int type, int protocol)
    {
        KernelSocket Create() =>
            new(new FileDescriptor(LibC.Socket(family, type | LibC.SOCK_CLOEXEC, protocol).OrThrow($"create socket of family {family}")));

        return space is null ? Create() : space.Run(Create);
    }

    /// <summary>Two connected sockets that keep message boundaries, for playing the kernel's part in a test.</summary>
    public static (KernelSocket Left, KernelSocket Right) Pair()
    {
        var ends = stackalloc int[2];
        LibC.SocketPair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, ends).OrThrow("create socket pair");
        return (new KernelSocket(new FileDescriptor(ends[0])), new KernelSocket(new FileDescriptor(ends[1])));
    }

    public void SetOption(int level, int name, int value) => SetOption(level, name, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(ref value)));

    public void SetOption(int level, int name, ReadOnlySpan<byte> value)
    {
        fixed (byte* start = value)
            LibC.SetSocketOption(_descriptor, level, name, start, (uint)value.Length).OrThrow($"set socket option {level}/{name}");
    }

    /// <summary>How long a blocking receive waits before it fails with EAGAIN.</summary>
    public void SetReceiveTimeout(TimeSpan timeout)
    {
        var time = (Seconds: (long)timeout.TotalSeconds, Microseconds: (long)timeout.Microseconds + timeout.Milliseconds * 1000);
        SetOption(LibC.SOL_SOCKET, LibC.SO_RCVTIMEO, new ReadOnlySpan<byte>(&time, 16));
    }

    /// <summary>Asks for a receive buffer beyond the system's limit, or up to it where the right to exceed it is missing.</summary>
    public void SetReceiveBuffer(int bytes)
    {
        if (LibC.SetSocketOption(_descriptor, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, &bytes, sizeof(int)).Failed)
            SetOption(LibC.SOL_SOCKET, LibC.SO_RCVBUF, bytes);
    }

    /// <summary>The same for what may be sent at once.</summary>
    public void SetSendBuffer(int bytes)
    {
        if (LibC.SetSocketOption(_descriptor, LibC.SOL_SOCKET, LibC.SO_SNDBUFFORCE, &bytes, sizeof(int)).Failed)
            SetOption(LibC.SOL_SOCKET, LibC.SO_SNDBUF, bytes);
    }

    public void Bind(ReadOnlySpan<byte> address)
    {
        fixed (byte* start = address)
            LibC.Bind(_descriptor, start, (uint)address.Length).OrThrow("bind socket");
    }

    /// <summary>Writes the socket's own address; returns its length.</summary>
    public int GetAddress(Span<byte> address)
    {
        var length = (uint)address.Length;
        fixed (byte* start = address)
            LibC.GetSocketName(_descriptor, start, &length).OrThrow("read socket address");
        return (int)length;
    }

    public void Send(ReadOnlySpan<byte> message)
    {
        if (!TrySend(message, flags: 0, out var errno))
            throw new LinuxException("send", errno);
    }

    internal bool TrySend(ReadOnlySpan<byte> message, int flags, out Errno errno)
    {
        fixed (byte* start = message)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)message.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            do
            {
                var result = LibC.SendMessage(_descriptor, &header, flags | LibC.MSG_NOSIGNAL);
                errno = result.Failed ? result.Errno : 0;
            }
            while (errno == Errno.EINTR);
            return errno == 0;
        }
    }

    /// <summary>Receives one message. A message longer than the buffer is an error (EMSGSIZE), never silently cut.</summary>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)buffer.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (!TryReceive(ref header, flags: 0, out var length, out var errno))
                throw new LinuxException("receive", errno);
            return (header.Flags & LibC.MSG_TRUNC) == 0 ? length : throw new LinuxException("receive", Errno.EMSGSIZE);
        }
    }

    /// <summary>Receives one message if there is one, cut to the buffer; never blocks.</summary>
    public bool TryReceive(Span<byte> buffer, out int length)
    {
        fixed (byte* start = buffer)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)buffer.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1 };
            if (TryReceive(ref header, LibC.MSG_DONTWAIT, out length, out var errno))
                return true;
            return errno == Errno.EAGAIN ? false : throw new LinuxException("receive", errno);
        }
    }

    internal bool TryReceive(ref MessageHeader header, int flags, out int length, out Errno errno)
    {
        fixed (MessageHeader* pinned = &header)
        {
            do
            {
                // No MSG_CMSG_CLOEXEC: no descriptors come this way, and packet sockets refuse the flag.
                var result = LibC.ReceiveMessage(_descriptor, pinned, flags);
                errno = result.Failed ? result.Errno : 0;
                length = errno == 0 ? result.OrThrow("receive") : 0;
            }
            while (errno == Errno.EINTR);
            return errno == 0;
        }
    }

    public void Dispose() => _descriptor.Dispose();
}
