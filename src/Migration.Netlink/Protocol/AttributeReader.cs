using System.Buffers.Binary;
using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Migration.Linux;

namespace Migration.Netlink.Protocol;

/// <summary>
/// Walks the attributes of a message or of a nested attribute. Every getter wants exactly the length its type has; whatever
/// does not fit is a <see cref="NetlinkException"/> with EBADMSG, never a guess and never a read past the end.
/// </summary>
internal ref struct AttributeReader(ReadOnlySpan<byte> attributes)
{
    // The two upper bits say "nested" and "network byte order"; the kernel sets them inconsistently.
    private const ushort TypeMask = 0x3fff;

    /// <summary>The operation of a <see cref="Malformed"/>, until somebody who knows what was asked names that instead.</summary>
    public const string Reading = "read kernel's answer";

    private ReadOnlySpan<byte> _rest = attributes;

    public ushort Type { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Splits a message's body into its fixed part and its attributes.</summary>
    public static AttributeReader After<T>(ReadOnlySpan<byte> body, out T fixedPart) where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        if (body.Length < size)
            throw Malformed($"{body.Length} bytes where {typeof(T).Name} has {size}");
        fixedPart = MemoryMarshal.Read<T>(body);
        return new AttributeReader(body[Math.Min(body.Length, NetlinkHeader.Align(size))..]);
    }

    public bool Next()
    {
        if (_rest.Length < 4)
            return _rest.IsEmpty ? false : throw Malformed($"{_rest.Length} bytes after the last attribute");

        var length = MemoryMarshal.Read<ushort>(_rest);
        Type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask);
        if (length < 4 || length > _rest.Length)
            throw Malformed($"attribute {Type} of {length} bytes, with {_rest.Length} left");

        Value = _rest[4..length];
        _rest = _rest[Math.Min(_rest.Length, NetlinkHeader.Align(length))..];
        return true;
    }

    public readonly AttributeReader Nested() => new(Value);

    public readonly byte Byte() => Exactly(1)[0];

    public readonly bool Flag() => Byte() != 0;

    public readonly ushort UInt16() => MemoryMarshal.Read<ushort>(Exactly(2));

    public readonly ushort UInt16BigEndian() => BinaryPrimitives.ReadUInt16BigEndian(Exactly(2));

    public readonly uint UInt32() => MemoryMarshal.Read<uint>(Exactly(4));

    public readonly uint UInt32BigEndian() => BinaryPrimitives.ReadUInt32BigEndian(Exactly(4));

    public readonly ulong UInt64BigEndian() => BinaryPrimitives.ReadUInt64BigEndian(Exactly(8));

    public readonly int Int32() => MemoryMarshal.Read<int>(Exactly(4));

    public readonly IPAddress Address() => Value.Length is 4 or 16 ? new IPAddress(Value) : throw Malformed($"attribute {Type}: an address of {Value.Length} bytes");

    public readonly PhysicalAddress Mac() => new(Value.ToArray());

    /// <summary>A string, with or without its terminating zero.</summary>
    public readonly string String() => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    /// <summary>A structure of the kernel's, which may have grown at its end since.</summary>
    public readonly T Struct<T>() where T : unmanaged =>
        Value.Length >= Unsafe.SizeOf<T>()
            ? MemoryMarshal.Read<T>(Value)
            : throw Malformed($"attribute {Type}: {Value.Length} bytes where {typeof(T).Name} has {Unsafe.SizeOf<T>()}");

    public static NetlinkException Malformed(string what) => new(Reading, Errno.EBADMSG, what);

    private readonly ReadOnlySpan<byte> Exactly(int length) =>
        Value.Length == length ? Value : throw Malformed($"attribute {Type}: {Value.Length} bytes instead of {length}");
}
