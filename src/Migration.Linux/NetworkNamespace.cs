using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// A network namespace, held open by a descriptor. Work inside it goes through <see cref="Run{T}"/> and no other way.
/// <para>
/// <b>Why so strict.</b> A thread's namespace is inherited by every thread it starts, and the .NET runtime starts pool workers
/// on whatever thread happens to ask for one. A worker born inside a pod's namespace would stay there for good and
/// take sockets of unrelated work into the pod. Therefore: a thread of its own per call, never from the pool, never
/// used again (so nothing has to be restored), the caller waits for it, and the work is synchronous by its type.
/// The work may create and bind sockets, open files, make system calls. It must not complete a TaskCompletionSource, queue work,
/// write to an asynchronous log, start a thread or a process, or touch an asynchronous operation of Socket: each may start a thread in here.
/// </para>
/// <para>
/// One birth cannot be forbidden: the runtime's own tiering worker (".NET Tiered Compilation Worker") may be started by any thread that runs
/// managed code. It does nothing but compile and ends by itself a few seconds after its work; until then
/// it can keep a deleted namespace alive. Sockets stay in the namespace they were created in, whichever thread uses them.
/// </para>
/// </summary>
public sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where iproute2 keeps named namespaces.</summary>
    public const string Directory = "/run/netns";

    private const nuint NS_GET_NSTYPE = 0xb703;
    private const string OwnPath = "/proc/thread-self/ns/net";

    // A closure here opens a socket or a file: far from needing the 1.5 MB of an ordinary thread.
    private const int StackBytes = 256 * 1024;

    private readonly FileDescriptor _descriptor;

    private NetworkNamespace(FileDescriptor descriptor, string name)
    {
        _descriptor = descriptor;
        Name = name;
    }

    /// <summary>What messages call it: the path or process it was opened by.</summary>
    public string Name { get; }

    /// <summary>For attributes that want a namespace descriptor (IFLA_NET_NS_FD).</summary>
    public FileDescriptor Descriptor => _descriptor;

    /// <summary>The kernel's number for it; two live namespaces never share one. A dead one's may come back.</summary>
    public ulong Inode => ReadInode();

    /// <summary>Opens the namespace pinned at a path, e.g. <c>/run/netns/a</c> or <c>/proc/7/ns/net</c>.</summary>
    public static NetworkNamespace Open(string path)
    {
        var opened = new NetworkNamespace(FileDescriptor.Open(path), path);
        try
        {
            opened.RequireNetwork();
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    public static NetworkNamespace OfProcess(int pid) => Open($"/proc/{pid}/ns/net");

    /// <summary>The namespace of this process (of its main thread).</summary>
    public static NetworkNamespace Current() => Open("/proc/self/ns/net");

    /// <summary>Makes a new namespace and pins it at a path that does not exist yet, as <c>ip netns add</c> does.</summary>
    public static NetworkNamespace Create(string path)
    {
        NamespaceMounts.PrepareDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        using (File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write))
        {
        }

        try
        {
            RunOnThread(() =>
            {
                LibC.Unshare(LibC.CLONE_NEWNET).OrThrow("create network namespace");
                LibC.Mount(OwnPath, path, "none", LibC.MS_BIND, 0).OrThrow($"pin network namespace at {path}");
                return true;
            });
            return Open(path);
        }
        catch
        {
            Delete(path);
            throw;
        }
    }

    /// <summary>Unpins a namespace; false if there was nothing at the path. It lives on while anything still uses it.</summary>
    public static bool Delete(string path)
    {
        if (!File.Exists(path))
            return false;
        var unmounted = LibC.Unmount(path, LibC.MNT_DETACH);
        if (unmounted.Failed && unmounted.Errno is not Errno.EINVAL)
            unmounted.OrThrow($"unpin network namespace {path}");
        File.Delete(path);
        return true;
    }

    /// <summary>A new namespace that only this object keeps alive.</summary>
    public static NetworkNamespace CreateAnonymous() =>
        new(RunOnThread(() =>
        {
            LibC.Unshare(LibC.CLONE_NEWNET).OrThrow("create network namespace");
            return FileDescriptor.Open(OwnPath);
        }), "anonymous network namespace");

    /// <summary>Runs synchronous work on a thread of its own inside the namespace. See the rules on the type.</summary>
    public T Run<T>(Func<T> work) =>
        RunOnThread(() =>
        {
            LibC.SetNamespace(_descriptor, LibC.CLONE_NEWNET).OrThrow($"enter network namespace {Name}");
            return work();
        });

    /// <inheritdoc cref="Run{T}"/>
    public void Run(Action work) =>
        Run(() =>
        {
            work();
            return true;
        });

    /// <summary>Opens a file whose content depends on the namespace: <c>/dev/net/tun</c>, <c>/proc/sys/net/…</c>, <c>/proc/thread-self/net/…</c>.</summary>
    public FileDescriptor OpenFile(string path, FileAccess access = FileAccess.Read) => Run(() => FileDescriptor.Open(path, access));

    /// <summary>True if both are one and the same namespace.</summary>
    public bool IsSameAs(NetworkNamespace other) => Inode == other.Inode;

    public void Dispose() => _descriptor.Dispose();

    public override string ToString() => Name;

    private static T RunOnThread<T>(Func<T> work)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }, StackBytes)
        {
            IsBackground = true,
            Name = "namespace",
        };
        thread.UnsafeStart();
        thread.Join();
        failure?.Throw();
        return result;
    }

    // Anything can be opened at a path: a namespace's file whose mount is gone is an ordinary one.
    private void RequireNetwork()
    {
        var type = LibC.Ioctl(_descriptor, NS_GET_NSTYPE, 0);
        if (type.Failed || type.OrThrow("read type of namespace") != LibC.CLONE_NEWNET)
            throw new LinuxException($"open {Name}: not a network namespace", Errno.EINVAL);
    }

    private unsafe ulong ReadInode()
    {
        Status status;
        LibC.Stat(_descriptor, "", LibC.AT_EMPTY_PATH, LibC.STATX_INO, &status).OrThrow($"stat {Name}");
        return status.Inode;
    }

    /// <summary><c>struct statx</c>, the member that is asked for.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct Status
    {
        [FieldOffset(32)] public ulong Inode;
    }
}
