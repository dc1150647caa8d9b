using System.Runtime.InteropServices;

namespace Migration.Linux;

/// <summary><c>struct msghdr</c> of recvmsg(2), as 64-bit kernels have it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageHeader
{
    public void* Name;
    public uint NameLength;
    public BufferVector* Vectors;
    public nuint VectorCount;
    public void* Control;
    public nuint ControlLength;
    public int Flags;
}

/// <summary><c>struct iovec</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct BufferVector
{
    public void* Base;
    public nuint Length;
}

/// <summary><c>struct cmsghdr</c>; the payload follows, padded to eight bytes (cmsg(3)).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlHeader
{
    public nuint Length;
    public int Level;
    public int Type;

    public const int Size = 16;

    public static int Space(int payload) => Size + ((payload + 7) & ~7);
}
