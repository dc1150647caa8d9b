using System.Globalization;
using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary>
/// A terminal whose screen and keyboard are a descriptor (pty(7)): what a program writes to <see cref="Path"/> is read here, and what is written here is
/// its input. Reading ends with EIO when the last program that had it open has closed it.
/// </summary>
public sealed unsafe class PseudoTerminal : IDisposable
{
    private const nuint TIOCSPTLCK = 0x40045431, TIOCGPTN = 0x80045430, TIOCSWINSZ = 0x5414;

    private PseudoTerminal(FileDescriptor descriptor, string path)
    {
        Descriptor = descriptor;
        Path = path;
    }

    public FileDescriptor Descriptor { get; }

    /// <summary>The terminal that a program opens as its standard input and output.</summary>
    public string Path { get; }

    public static PseudoTerminal Open()
    {
        var descriptor = FileDescriptor.OpenWith("/dev/ptmx", LibC.O_RDWR | LibC.O_NOCTTY);
        try
        {
            int locked = 0, number;
            LibC.Ioctl(descriptor, TIOCSPTLCK, &locked).OrThrow("unlock pseudo terminal");
            LibC.Ioctl(descriptor, TIOCGPTN, &number).OrThrow("number of pseudo terminal");
            return new PseudoTerminal(descriptor, "/dev/pts/" + number.ToString(CultureInfo.InvariantCulture));
        }
        catch
        {
            descriptor.Dispose();
            throw;
        }
    }

    /// <summary>Tells its size; the programs in the foreground get SIGWINCH.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        var size = new WindowSize { Rows = rows, Columns = columns };
        LibC.Ioctl(Descriptor, TIOCSWINSZ, &size).OrThrow("resize pseudo terminal");
    }

    /// <summary>Reads what was written to the terminal; 0 when nobody has it open any more. Blocks.</summary>
    public int Read(Span<byte> buffer)
    {
        try
        {
            return Descriptor.Read(buffer);
        }
        catch (LinuxException closed) when (closed.Errno == Errno.EIO)
        {
            return 0;
        }
    }

    public void Dispose() => Descriptor.Dispose();

    /// <summary><c>struct winsize</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct WindowSize
    {
        public ushort Rows;
        public ushort Columns;
        public ushort WidthPixels;
        public ushort HeightPixels;
    }
}
