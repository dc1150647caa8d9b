using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Migration.Linux;

/// <summary>One open file description of the kernel, closed when disposed. All descriptors made here close on exec.</summary>
public sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>For the marshaller.</summary>
    public FileDescriptor() : base(ownsHandle: true)
    {
    }

    public FileDescriptor(int number, bool ownsHandle = true) : base(ownsHandle) => SetHandle(number);

    /// <summary>Its number in this process, for paths under /proc/self/fd and for arguments of a child that inherits it.</summary>
    public int Number => (int)DangerousGetHandle();

    /// <summary>Opens an existing file. Use it for devices and /proc; ordinary files are .NET's business.</summary>
    public static FileDescriptor Open(string path, FileAccess access = FileAccess.Read)
    {
        var flags = access switch
        {
            FileAccess.Read => LibC.O_RDONLY,
            FileAccess.Write => LibC.O_WRONLY,
            _ => LibC.O_RDWR,
        };
        return OpenWith(path, flags);
    }

    /// <summary>Opens a directory as a place only (O_PATH): enough for <c>/proc/self/fd/N/name</c>.</summary>
    public static FileDescriptor OpenDirectory(string path) => OpenWith(path, LibC.O_PATH | LibC.O_DIRECTORY);

    internal static FileDescriptor OpenWith(string path, int flags) =>
        new(LibC.Open(path, flags | LibC.O_CLOEXEC, 0).OrThrow($"open {path}"));

    /// <summary>A second descriptor for the same open file.</summary>
    public FileDescriptor Duplicate() => new(LibC.Fcntl(this, LibC.F_DUPFD_CLOEXEC, 0).OrThrow("duplicate descriptor"));

    /// <summary>Lets a child process inherit this descriptor under the same number, or keeps it from doing so (the default).</summary>
    public void SetInheritable(bool inheritable) =>
        LibC.Fcntl(this, LibC.F_SETFD, inheritable ? 0 : LibC.FD_CLOEXEC).OrThrow("set close-on-exec");

    public unsafe int Read(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var result = LibC.Read(this, start, (nuint)buffer.Length);
                if (!result.Failed || result.Errno != Errno.EINTR)
                    return result.OrThrow("read");
            }
        }
    }

    /// <summary>Writes once; what a device or /proc file takes in one call it takes whole.</summary>
    public unsafe int Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            while (true)
            {
                var result = LibC.Write(this, start, (nuint)bytes.Length);
                if (!result.Failed || result.Errno != Errno.EINTR)
                    return result.OrThrow("write");
            }
        }
    }

    /// <summary>Everything up to the end of the file, as UTF-8.</summary>
    public string ReadText()
    {
        var content = new MemoryStream();
        Span<byte> piece = stackalloc byte[1024];
        for (var read = Read(piece); read > 0; read = Read(piece))
            content.Write(piece[..read]);
        return Encoding.UTF8.GetString(content.GetBuffer(), 0, (int)content.Length);
    }

    /// <summary>Gives the number away: this object no longer closes it. For handing over to another handle type.</summary>
    public int Detach()
    {
        var number = Number;
        SetHandleAsInvalid();
        return number;
    }

    // close(2) has released the number even when it reports an error; there is nobody to tell.
    protected override bool ReleaseHandle() => !LibC.Close(handle).Failed;
}
