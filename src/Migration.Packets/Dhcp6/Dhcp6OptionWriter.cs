using System.Buffers.Binary;

namespace Migration.Packets.Dhcp6;

/// <summary>Writes options one after the other; one that has no room is left out whole.</summary>
internal ref struct Dhcp6OptionWriter(Span<byte> message, int at)
{
    private readonly Span<byte> _message = message;

    public int At { get; private set; } = at;

    public bool TryPut(Dhcp6OptionCode code, scoped ReadOnlySpan<byte> value)
    {
        if (At + Dhcp6OptionReader.HeadLength + value.Length > _message.Length) return false;
        PutHead(code, value.Length);
        value.CopyTo(_message[At..]);
        At += value.Length;
        return true;
    }

    public bool TryPutStatus(Dhcp6Status status, ReadOnlySpan<byte> text)
    {
        if (At + Dhcp6OptionReader.HeadLength + sizeof(ushort) + text.Length > _message.Length) return false;
        PutHead(Dhcp6OptionCode.StatusCode, sizeof(ushort) + text.Length);
        BinaryPrimitives.WriteUInt16BigEndian(_message[At..], (ushort)status);
        text.CopyTo(_message[(At + sizeof(ushort))..]);
        At += sizeof(ushort) + text.Length;
        return true;
    }

    /// <summary>Begins an option that holds others, and returns where; <see cref="End"/> says how long it became.</summary>
    public int Begin(Dhcp6OptionCode code, scoped ReadOnlySpan<byte> fixedPart)
    {
        var start = At;
        return TryPut(code, fixedPart) ? start : -1;
    }

    public readonly void End(int start) =>
        BinaryPrimitives.WriteUInt16BigEndian(_message[(start + 2)..], checked((ushort)(At - start - Dhcp6OptionReader.HeadLength)));

    /// <summary>Takes back everything since an option began.</summary>
    public void Drop(int start) => At = start;

    private void PutHead(Dhcp6OptionCode code, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_message[At..], (ushort)code);
        BinaryPrimitives.WriteUInt16BigEndian(_message[(At + 2)..], checked((ushort)length));
        At += Dhcp6OptionReader.HeadLength;
    }
}
