using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Netlink.Protocol;

/// <summary>
/// Builds one request: header, the family's fixed part, attributes. An attribute is length, type, value, padding to four bytes;
/// a nested one holds attributes and gets its length when its scope is disposed.
/// </summary>
internal sealed class MessageWriter
{
    private const ushort NestedFlag = 0x8000;

    private byte[] _buffer = new byte[256];
    private int _length;

    public MessageWriter(ushort type, int flags)
    {
        var header = new NetlinkHeader { Type = type, Flags = (ushort)(flags | NetlinkHeader.Request) };
        Struct(header);
    }

    /// <summary>Finishes the message for sending.</summary>
    public ReadOnlySpan<byte> Complete(uint sequence, uint port, ushort extraFlags)
    {
        ref var header = ref MemoryMarshal.AsRef<NetlinkHeader>(_buffer.AsSpan());
        header.Length = (uint)_length;
        header.Sequence = sequence;
        header.Port = port;
        header.Flags |= extraFlags;
        return _buffer.AsSpan(0, _length);
    }

    public void Struct<T>(in T value) where T : unmanaged => MemoryMarshal.Write(Take(Unsafe.SizeOf<T>()), value);

    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var space = Take(4 + value.Length);
        MemoryMarshal.Write(space, (ushort)(4 + value.Length));
        MemoryMarshal.Write(space[2..], type);
        value.CopyTo(space[4..]);
    }

    public void Byte(ushort type, byte value) => Attribute(type, [value]);

    public void Flag(ushort type, bool value) => Byte(type, value ? (byte)1 : (byte)0);

    public void UInt16(ushort type, ushort value) => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<ushort>(ref value)));

    public void UInt16BigEndian(ushort type, ushort value) => UInt16(type, BinaryPrimitives.ReverseEndianness(value));

    public void UInt32(ushort type, uint value) => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(ref value)));

    public void UInt32BigEndian(ushort type, uint value) => UInt32(type, BinaryPrimitives.ReverseEndianness(value));

    public void UInt64BigEndian(ushort type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    public void Int32(ushort type, int value) => UInt32(type, (uint)value);

    public void Address(ushort type, IPAddress value) => Attribute(type, value.GetAddressBytes());

    public void Mac(ushort type, PhysicalAddress value) => Attribute(type, value.GetAddressBytes());

    /// <summary>A string with its terminating zero, as the kernel wants most of them.</summary>
    public void String(ushort type, string value) => Attribute(type, Encoding.UTF8.GetBytes(value + '\0'));

    public Nest Nested(ushort type)
    {
        var start = _length;
        Attribute((ushort)(type | NestedFlag), []);
        return new Nest(this, start);
    }

    private Span<byte> Take(int length)
    {
        var start = _length;
        _length = NetlinkHeader.Align(start + length);
        if (_length > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(_length, 2 * _buffer.Length));
        return _buffer.AsSpan(start, length);
    }

    private void Close(int start) => MemoryMarshal.Write(_buffer.AsSpan(start), (ushort)(_length - start));

    internal readonly struct Nest(MessageWriter writer, int start) : IDisposable
    {
        public void Dispose() => writer.Close(start);
    }
}
