namespace Migration.Packets.Dhcp6;

public readonly record struct Dhcp6Option(Dhcp6OptionCode Code, ReadOnlyMemory<byte> Value)
{
    public bool Equals(Dhcp6Option other) => Code == other.Code && Value.Span.SequenceEqual(other.Value.Span);

    public override int GetHashCode() => HashCode.Combine(Code, Value.Length);

    public override string ToString() => $"{(ushort)Code}={Convert.ToHexString(Value.Span)}";
}
