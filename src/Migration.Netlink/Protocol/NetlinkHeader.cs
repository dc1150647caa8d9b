using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary><c>struct nlmsghdr</c> of netlink(7): every message begins with it, and is padded to four bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkHeader
{
    public const int Size = 16;

    // Message types below 0x10 are netlink's own.
    public const ushort Noop = 1, Error = 2, Done = 3, Overrun = 4;

    // Flags of requests ...
    public const ushort Request = 0x01, Multi = 0x02, Acknowledge = 0x04, DumpInterrupted = 0x10;
    public const ushort Dump = 0x300, Replace = 0x100, Exclusive = 0x200, Create = 0x400, Append = 0x800;

    // ... and of acknowledgements: whether the request's body follows, whether attributes do.
    public const ushort Capped = 0x100, HasAttributes = 0x200;

    public uint Length;
    public ushort Type;
    public ushort Flags;
    public uint Sequence;
    public uint Port;

    public static int Align(int length) => (length + 3) & ~3;
}
