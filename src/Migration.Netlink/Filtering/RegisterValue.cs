using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Migration.Netlink;

/// <summary>What a register is compared with or loaded with: some bytes, equal if their bytes are.</summary>
public readonly struct RegisterValue(params ReadOnlySpan<byte> bytes) : IEquatable<RegisterValue>
{
    private const int InterfaceNameSize = 16;

    private readonly byte[] _bytes = bytes.ToArray();

    public ReadOnlySpan<byte> Bytes => _bytes;

    public static RegisterValue Of(IPAddress address) => new(address.GetAddressBytes());

    /// <summary>A number as it stands in packets.</summary>
    public static RegisterValue BigEndian(ushort number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, number);
        return new RegisterValue(bytes);
    }

    /// <summary>A number as the kernel itself holds it.</summary>
    public static RegisterValue Native(uint number) => new(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(ref number)));

    /// <summary>An interface's name, padded to the size that the kernel keeps names in.</summary>
    public static RegisterValue InterfaceName(string name)
    {
        Span<byte> bytes = stackalloc byte[InterfaceNameSize];
        bytes.Clear();
        return Encoding.UTF8.TryGetBytes(name, bytes[..^1], out _)
            ? new RegisterValue(bytes)
            : throw new ArgumentException($"'{name}' is longer than an interface's name can be", nameof(name));
    }

    public static bool operator ==(RegisterValue left, RegisterValue right) => left.Equals(right);

    public static bool operator !=(RegisterValue left, RegisterValue right) => !left.Equals(right);

    public bool Equals(RegisterValue other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is RegisterValue other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    public override string ToString() => $"0x{Convert.ToHexStringLower(Bytes)}";
}
