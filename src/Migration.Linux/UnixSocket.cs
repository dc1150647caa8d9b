using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Linux;

/// <summary>
/// Stream sockets of the unix family as ordinary .NET sockets, for what .NET lacks: paths longer than the 107 bytes of
/// <c>sun_path</c>, descriptors sent along with bytes (SCM_RIGHTS), and who the peer is.
/// </summary>
public static class UnixSocket
{
    /// <summary>The kernel's own limit of descriptors per message (SCM_MAX_FD).</summary>
    public const int MaximumDescriptors = 253;

    private const int PathLimit = 107;
    private const int AddressSize = 110;

    /// <summary>Connects; a listener that is absent, dead or does not accept in time is a <see cref="LinuxException"/>.</summary>
    public static unsafe Socket Connect(string path)
    {
        var descriptor = Create();
        try
        {
            // Connecting blocks only while the listener's backlog is full.
            SetSendTimeout(descriptor, seconds: 5);
            using (var directory = Address(path, out var address))
            {
                fixed (byte* start = address)
                    LibC.Connect(descriptor, start, (uint)address.Length).OrThrow($"connect {path}");
            }

            SetSendTimeout(descriptor, seconds: 0);
            return ToSocket(descriptor);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Listens at a path, replacing a socket file that is there (whoever owned it has been told apart by the caller). The file is
    /// created with the given rights, and is not removed when the socket is disposed.
    /// </summary>
    public static unsafe Socket Listen(string path, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, int backlog = 128)
    {
        var descriptor = Create();
        try
        {
            File.Delete(path);
            using (var directory = Address(path, out var address))
            {
                fixed (byte* start = address)
                    LibC.Bind(descriptor, start, (uint)address.Length).OrThrow($"bind {path}");
            }

            // Nobody can connect before listen, so there is no moment with wider rights.
            File.SetUnixFileMode(path, mode);
            LibC.Listen(descriptor, backlog).OrThrow($"listen {path}");
            return ToSocket(descriptor);
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Two connected stream sockets.</summary>
    public static unsafe (Socket Left, Socket Right) Pair()
    {
        var ends = stackalloc int[2];
        LibC.SocketPair(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0, ends).OrThrow("create socket pair");
        return (ToSocket(new FileDescriptor(ends[0])), ToSocket(new FileDescriptor(ends[1])));
    }

    /// <summary>The process at the other end, as it was when it connected (SO_PEERCRED).</summary>
    public static unsafe PeerCredentials GetPeer(Socket socket)
    {
        PeerCredentials peer = default;
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED, new Span<byte>(&peer, sizeof(PeerCredentials)));
        return peer;
    }

    /// <summary>Sends all bytes; the descriptors travel with the first of them, so there must be at least one byte.</summary>
    public static void Send(Socket socket, ReadOnlySpan<byte> bytes, params ReadOnlySpan<SafeHandle> descriptors)
    {
        if (descriptors.Length > 0 && (bytes.IsEmpty || descriptors.Length > MaximumDescriptors))
            throw new ArgumentException($"{descriptors.Length} descriptors cannot travel with {bytes.Length} bytes");

        var sent = descriptors.IsEmpty ? 0 : SendFirst(socket, bytes, descriptors);
        while (sent < bytes.Length)
            sent += SendOnce(socket, bytes[sent..], []);
    }

    /// <summary>
    /// Receives some bytes, and puts descriptors that came with them into <paramref name="descriptors"/>, which then owns them.
    /// Returns 0 at the end of the stream. Blocks until there is something.
    /// </summary>
    public static unsafe int Receive(Socket socket, Span<byte> buffer, ICollection<FileDescriptor> descriptors)
    {
        var control = stackalloc byte[ControlHeader.Space(MaximumDescriptors * sizeof(int))];
        fixed (byte* start = buffer)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)buffer.Length };
            var header = new MessageHeader
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = control,
                ControlLength = (nuint)ControlHeader.Space(MaximumDescriptors * sizeof(int)),
            };
            while (true)
            {
                var result = LibC.ReceiveMessage(socket.SafeHandle, &header, LibC.MSG_CMSG_CLOEXEC);
                if (!result.Failed)
                {
                    var received = result.OrThrow("receive");
                    Collect(control, (int)header.ControlLength, descriptors);
                    return received;
                }

                WaitOrThrow(socket, result.Errno, PollDescriptor.In, "receive");
            }
        }
    }

    /// <summary><see cref="Receive"/> that waits asynchronously.</summary>
    /// <summary><see cref="Receive"/> that waits asynchronously.</summary>
    public static async ValueTask<int> ReceiveAsync(Socket socket, Memory<byte> buffer, ICollection<FileDescriptor> descriptors, CancellationToken ct)
    {
        // Receiving nothing returns when there is something (or the end), and takes neither bytes nor descriptors.
        await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, ct);
        return Receive(socket, buffer.Span, descriptors);
    }

    private static FileDescriptor Create() =>
        new(LibC.Socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0).OrThrow("create unix socket"));

    private static Socket ToSocket(FileDescriptor descriptor) => new(new SafeSocketHandle(descriptor.Detach(), ownsHandle: true));

    /// <summary>
    /// <c>struct sockaddr_un</c> for a path. One that does not fit is reached through its directory, held open by the returned
    /// descriptor: <c>/proc/self/fd/N/name</c>.
    /// </summary>
    private static FileDescriptor? Address(string path, out byte[] address)
    {
        FileDescriptor? directory = null;
        if (Encoding.UTF8.GetByteCount(path) > PathLimit)
        {
            directory = FileDescriptor.OpenDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            path = $"/proc/self/fd/{directory.Number}/{Path.GetFileName(path)}";
        }

        if (Encoding.UTF8.GetByteCount(path) > PathLimit)
        {
            directory?.Dispose();
            throw new LinuxException($"address {path}", Errno.ENAMETOOLONG);
        }

        address = new byte[AddressSize];
        MemoryMarshal.Write(address, (ushort)LibC.AF_UNIX);
        Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        return directory;
    }

    private static unsafe void SetSendTimeout(FileDescriptor socket, long seconds)
    {
        var time = (Seconds: seconds, Microseconds: 0L);
        LibC.SetSocketOption(socket, LibC.SOL_SOCKET, LibC.SO_SNDTIMEO, &time, 16).OrThrow("set send timeout");
    }

    private static int SendFirst(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<SafeHandle> descriptors)
    {
        Span<byte> control = stackalloc byte[ControlHeader.Space(descriptors.Length * sizeof(int))];
        control.Clear();
        MemoryMarshal.Write(control, new ControlHeader
        {
            Length = (nuint)(ControlHeader.Size + descriptors.Length * sizeof(int)),
            Level = LibC.SOL_SOCKET,
            Type = LibC.SCM_RIGHTS,
        });

        var held = 0;
        try
        {
            for (; held < descriptors.Length; held++)
            {
                var added = false;
                descriptors[held].DangerousAddRef(ref added);
                MemoryMarshal.Write(control[(ControlHeader.Size + held * sizeof(int))..], (int)descriptors[held].DangerousGetHandle());
            }

            return SendOnce(socket, bytes, control);
        }
        finally
        {
            for (var index = 0; index < held; index++)
                descriptors[index].DangerousRelease();
        }
    }

    private static unsafe int SendOnce(Socket socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> control)
    {
        fixed (byte* start = bytes, controlStart = control)
        {
            var vector = new BufferVector { Base = start, Length = (nuint)bytes.Length };
            var header = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = controlStart, ControlLength = (nuint)control.Length };
            while (true)
            {
                var result = LibC.SendMessage(socket.SafeHandle, &header, LibC.MSG_NOSIGNAL);
                if (!result.Failed)
                    return result.OrThrow("send");
                WaitOrThrow(socket, result.Errno, PollDescriptor.Out, "send");
            }
        }
    }

    // .NET makes a socket non-blocking at its first asynchronous operation; from then on waiting is ours.
    private static void WaitOrThrow(Socket socket, Errno errno, short events, string operation)
    {
        if (errno == Errno.EAGAIN)
            PollDescriptor.Wait(socket.SafeHandle, events, timeoutMilliseconds: -1);
        else if (errno != Errno.EINTR)
            throw new LinuxException($"{operation} on unix socket", errno);
    }

    private static unsafe void Collect(byte* control, int length, ICollection<FileDescriptor> descriptors)
    {
        for (var offset = 0; offset + ControlHeader.Size <= length;)
        {
            var header = *(ControlHeader*)(control + offset);
            var payload = (int)header.Length - ControlHeader.Size;
            if (header is { Level: LibC.SOL_SOCKET, Type: LibC.SCM_RIGHTS })
            {
                foreach (var number in new ReadOnlySpan<int>(control + offset + ControlHeader.Size, payload / sizeof(int)))
                    descriptors.Add(new FileDescriptor(number));
            }

            offset += ControlHeader.Space(payload);
        }
    }
}
