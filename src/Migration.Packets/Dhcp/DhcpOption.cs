namespace Migration.Packets.Dhcp;

/// <summary>One option, whole: fragments of RFC 3396 are joined when read and made when written.</summary>
public readonly record struct DhcpOption(DhcpOptionCode Code, ReadOnlyMemory<byte> Value)
{
    public bool Equals(DhcpOption other) => Code == other.Code && Value.Span.SequenceEqual(other.Value.Span);

    public override int GetHashCode() => HashCode.Combine(Code, Value.Length);

    public override string ToString() => $"{(byte)Code}={Convert.ToHexString(Value.Span)}";
}
