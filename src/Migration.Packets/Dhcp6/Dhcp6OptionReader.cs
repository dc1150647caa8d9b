using System.Buffers.Binary;

namespace Migration.Packets.Dhcp6;

/// <summary>Walks options as they stand: code, length, value (RFC 8415 §21.1).</summary>
internal ref struct Dhcp6OptionReader(ReadOnlySpan<byte> options)
{
    public const int HeadLength = 4;

    private ReadOnlySpan<byte> _rest = options;

    public Dhcp6OptionCode Code { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Why <see cref="MoveNext"/> returned false, unless the options simply ended.</summary>
    public string? Fault { get; private set; }

    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        if (_rest.Length < HeadLength || _rest.Length < HeadLength + BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]))
        {
            Fault = "option cut short";
            return false;
        }
        Code = (Dhcp6OptionCode)BinaryPrimitives.ReadUInt16BigEndian(_rest);
        Value = _rest.Slice(HeadLength, BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]));
        _rest = _rest[(HeadLength + Value.Length)..];
        return true;
    }
}
