using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Migration.Linux;

/// <summary>
/// The C library, as far as .NET itself has no word for it. Descriptors travel as SafeHandles, results as <see cref="Result"/>.
/// None of these may be marked SuppressGCTransition: most can sleep, and a sleeping thread would hold up the collector.
/// </summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc";

    // Files: open(2), close(2), read(2), write(2), fsync(2), fcntl(2), ioctl(2), dup(2)

    public const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2;
    public const int O_NOCTTY = 0x100, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000, O_PATH = 0x200000;

    /// <summary>O_DIRECTORY is one of the few flags whose value depends on the architecture.</summary>
    public static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 ? 0x4000 : 0x10000;

    public const int F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, F_SETPIPE_SZ = 1031;
    public const int FD_CLOEXEC = 1;

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Open(string path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    public static partial Result Close(nint fd);

    [LibraryImport(Library, EntryPoint = "read", SetLastError = true)]
    public static partial SizeResult Read(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "write", SetLastError = true)]
    public static partial SizeResult Write(SafeHandle fd, void* buffer, nuint count);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    public static partial Result Fsync(SafeHandle fd);

    [LibraryImport(Library, EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Rename(string from, string to);

    [LibraryImport(Library, EntryPoint = "fcntl", SetLastError = true)]
    public static partial Result Fcntl(SafeHandle fd, int command, nint argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial Result Ioctl(SafeHandle fd, nuint request, void* argument);

    [LibraryImport(Library, EntryPoint = "ioctl", SetLastError = true)]
    public static partial Result Ioctl(SafeHandle fd, nuint request, nint argument);

    public const int LOCK_EX = 2;

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    public static partial Result Lock(SafeHandle fd, int operation);

    public const int AT_EMPTY_PATH = 0x1000;
    public const uint STATX_INO = 0x100;

    [LibraryImport(Library, EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Stat(SafeHandle directory, string path, int flags, uint mask, void* status);

    // Pipes: pipe2(2), splice(2)

    [LibraryImport(Library, EntryPoint = "pipe2", SetLastError = true)]
    public static partial Result Pipe(int* ends, int flags);

    [LibraryImport(Library, EntryPoint = "splice", SetLastError = true)]
    public static partial SizeResult Splice(SafeHandle from, long* fromOffset, SafeHandle to, long* toOffset, nuint length, uint flags);

    // Waiting: poll(2), eventfd(2), epoll(7)

    [LibraryImport(Library, EntryPoint = "poll", SetLastError = true)]
    public static partial Result Poll(PollDescriptor* descriptors, nuint count, int timeoutMilliseconds);

    [LibraryImport(Library, EntryPoint = "eventfd", SetLastError = true)]
    public static partial Result EventFd(uint initial, int flags);

    [LibraryImport(Library, EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial Result EpollCreate(int flags);

    [LibraryImport(Library, EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial Result EpollControl(SafeHandle epoll, int operation, SafeHandle fd, void* @event);

    [LibraryImport(Library, EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial Result EpollWait(SafeHandle epoll, void* events, int maximum, int timeoutMilliseconds);

    // Namespaces and mounts: setns(2), unshare(2), mount(2), umount2(2)

    public const int CLONE_NEWNET = 0x40000000;
    public const nuint MS_BIND = 0x1000, MS_REC = 0x4000, MS_SHARED = 0x100000;
    public const int MNT_DETACH = 2;

    [LibraryImport(Library, EntryPoint = "setns", SetLastError = true)]
    public static partial Result SetNamespace(SafeHandle fd, int type);

    [LibraryImport(Library, EntryPoint = "unshare", SetLastError = true)]
    public static partial Result Unshare(int flags);

    [LibraryImport(Library, EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Mount(string source, string target, string type, nuint flags, nint data);

    [LibraryImport(Library, EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Unmount(string target, int flags);

    // Processes: pidfd_open(2) and pidfd_send_signal(2), which glibc has wrapped only since 2.36; their numbers are the same everywhere.

    private const nint PidFdSendSignalNumber = 424, PidFdOpenNumber = 434, PidFdGetFdNumber = 438;

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial SizeResult SystemCall(nint number, nint first, nint second);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial SizeResult SystemCall(nint number, SafeHandle first, nint second, nint third, nint fourth);

    public static SizeResult PidFdOpen(int pid, int flags) => SystemCall(PidFdOpenNumber, pid, flags);

    public static SizeResult PidFdGetFd(SafeHandle pidfd, int number) => SystemCall(PidFdGetFdNumber, pidfd, number, 0, 0);

    public static SizeResult PidFdSendSignal(SafeHandle pidfd, int signal) => SystemCall(PidFdSendSignalNumber, pidfd, signal, 0, 0);

    // Programs: posix_spawn(3) and its relatives, execvp(3), kill(2), waitpid(2), prctl(2), getppid(2), umask(2)

    public const short POSIX_SPAWN_SETSIGDEF = 0x04, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSID = 0x80;
    public const int PR_SET_PDEATHSIG = 1;

    [LibraryImport(Library, EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Spawn(int* pid, string path, void* actions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_init")]
    public static partial int SpawnActionsInitialize(void* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_adddup2")]
    public static partial int SpawnActionsDuplicate(void* actions, SafeHandle from, int to);

    [LibraryImport(Library, EntryPoint = "posix_spawn_file_actions_destroy")]
    public static partial int SpawnActionsDestroy(void* actions);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_init")]
    public static partial int SpawnAttributesInitialize(void* attributes);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setflags")]
    public static partial int SpawnAttributesSetFlags(void* attributes, short flags);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigmask")]
    public static partial int SpawnAttributesSetSignalMask(void* attributes, void* signals);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_setsigdefault")]
    public static partial int SpawnAttributesSetDefaultSignals(void* attributes, void* signals);

    [LibraryImport(Library, EntryPoint = "posix_spawnattr_destroy")]
    public static partial int SpawnAttributesDestroy(void* attributes);

    [LibraryImport(Library, EntryPoint = "execvp", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial Result Execute(string program, byte** arguments);

    [LibraryImport(Library, EntryPoint = "kill", SetLastError = true)]
    public static partial Result Kill(int pid, int signal);

    [LibraryImport(Library, EntryPoint = "waitpid", SetLastError = true)]
    public static partial Result WaitProcess(int pid, int* status, int options);

    [LibraryImport(Library, EntryPoint = "prctl", SetLastError = true)]
    public static partial Result ProcessControl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    private const nint CloseRangeNumber = 436;
    private const nint CLOSE_RANGE_CLOEXEC = 4;

    /// <summary>close_range(2), which glibc has wrapped only since 2.34; it marks instead of closing.</summary>
    public static SizeResult MarkRangeCloseOnExec(uint first, uint last) => SystemCall(CloseRangeNumber, (nint)first, (nint)last, CLOSE_RANGE_CLOEXEC);

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial SizeResult SystemCall(nint number, nint first, nint second, nint third);

    [LibraryImport(Library, EntryPoint = "getppid")]
    public static partial int ParentProcess();

    [LibraryImport(Library, EntryPoint = "umask")]
    public static partial uint SetFileModeMask(uint mask);

    [LibraryImport(Library, EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    // Sockets: socket(2), socketpair(2), bind(2), getsockname(2), setsockopt(2), sendto(2), recvmsg(2), ...

    public const int AF_UNIX = 1, AF_PACKET = 17;
    public const int SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_SEQPACKET = 5, SOCK_CLOEXEC = 0x80000, SOCK_NONBLOCK = 0x800;
    public const int SOL_SOCKET = 1, SOL_PACKET = 263;
    public const int SO_PEERCRED = 17, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_SNDTIMEO = 21, SO_RCVTIMEO = 20, SO_ATTACH_FILTER = 26, SO_SNDBUFFORCE = 32, SO_RCVBUFFORCE = 33;
    public const int SCM_RIGHTS = 1;
    public const int MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000, MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport(Library, EntryPoint = "socket", SetLastError = true)]
    public static partial Result Socket(int family, int type, int protocol);

    [LibraryImport(Library, EntryPoint = "socketpair", SetLastError = true)]
    public static partial Result SocketPair(int family, int type, int protocol, int* ends);

    [LibraryImport(Library, EntryPoint = "bind", SetLastError = true)]
    public static partial Result Bind(SafeHandle socket, void* address, uint length);

    [LibraryImport(Library, EntryPoint = "connect", SetLastError = true)]
    public static partial Result Connect(SafeHandle socket, void* address, uint length);

    [LibraryImport(Library, EntryPoint = "listen", SetLastError = true)]
    public static partial Result Listen(SafeHandle socket, int backlog);

    [LibraryImport(Library, EntryPoint = "getsockname", SetLastError = true)]
    public static partial Result GetSocketName(SafeHandle socket, void* address, uint* length);

    [LibraryImport(Library, EntryPoint = "setsockopt", SetLastError = true)]
    public static partial Result SetSocketOption(SafeHandle socket, int level, int name, void* value, uint length);

    [LibraryImport(Library, EntryPoint = "sendmsg", SetLastError = true)]
    public static partial SizeResult SendMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport(Library, EntryPoint = "recvmsg", SetLastError = true)]
    public static partial SizeResult ReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);
}
