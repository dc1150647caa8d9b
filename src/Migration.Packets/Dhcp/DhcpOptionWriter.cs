using System.Diagnostics;

namespace Migration.Packets.Dhcp;

/// <summary>
/// Writes options into a message whose fixed part stands already. Values over 255 bytes are split (RFC 3396); what does not fit
/// into the options field goes whole to the file field, then to the server name field, if overloading is allowed.
/// </summary>
internal ref struct DhcpOptionWriter
{
    private const int OverloadLength = 3, FragmentLength = 255;
    private readonly Span<byte> _message;
    private readonly bool _mayOverload;
    private int _end;
    private int _at = DhcpWire.Options, _fileAt = DhcpWire.BootFile, _nameAt = DhcpWire.ServerName;

    /// <param name="message">The room for the whole message: what is beyond the options field's limit is never touched.</param>
    /// <param name="mayOverload">Options may use the file and server name fields; takes three bytes of the options field.</param>
    public DhcpOptionWriter(Span<byte> message, bool mayOverload)
    {
        _message = message;
        _mayOverload = mayOverload;
        _end = message.Length - 1 - (mayOverload ? OverloadLength : 0);
    }

    /// <summary>How many bytes a value of that length takes with its heads.</summary>
    public static int Need(int length) => length + 2 * Math.Max(1, (length + FragmentLength - 1) / FragmentLength);

    /// <summary>Which of the two fields hold options: 1 the file's, 2 the server name's.</summary>
    public readonly int Overloaded => (_fileAt > DhcpWire.BootFile ? 1 : 0) | (_nameAt > DhcpWire.ServerName ? 2 : 0);

    /// <summary>Keeps room at the end of the options field for what <see cref="Finish"/> is to put last.</summary>
    public bool TryReserve(int length)
    {
        if (_at + length > _end) return false;
        _end -= length;
        return true;
    }

    /// <summary>Returns false when there is no room left for it anywhere.</summary>
    public bool TryPut(DhcpOptionCode code, scoped ReadOnlySpan<byte> value)
    {
        if (TryPut(code, value, ref _at, _end)) return true;
        return _mayOverload
            && (TryPut(code, value, ref _fileAt, DhcpWire.BootFile + DhcpWire.BootFileLength - 1)
                || TryPut(code, value, ref _nameAt, DhcpWire.ServerName + DhcpWire.ServerNameLength - 1));
    }

    /// <summary>Ends the fields in use, pads to BOOTP's length and returns the message's length.</summary>
    public int Finish(DhcpOptionCode last = DhcpOptionCode.Pad, scoped ReadOnlySpan<byte> reserved = default)
    {
        if (Overloaded != 0) PutOverload((byte)Overloaded);
        if (!reserved.IsEmpty) TryPut(last, reserved, ref _at, _message.Length - 1);
        _message[_at++] = (byte)DhcpOptionCode.End;
        if (_at >= DhcpWire.MinimumLength) return _at;
        _message[_at..DhcpWire.MinimumLength].Clear();
        return DhcpWire.MinimumLength;
    }

    private void PutOverload(byte fields)
    {
        Debug.Assert(_mayOverload, "room for option 52 was kept");
        _message[_at++] = (byte)DhcpOptionCode.Overload;
        _message[_at++] = 1;
        _message[_at++] = fields;
        if ((fields & 1) != 0) _message[_fileAt] = (byte)DhcpOptionCode.End;
        if ((fields & 2) != 0) _message[_nameAt] = (byte)DhcpOptionCode.End;
    }

    private readonly bool TryPut(DhcpOptionCode code, scoped ReadOnlySpan<byte> value, ref int at, int end)
    {
        if (at + Need(value.Length) > end) return false;
        do
        {
            var fragment = value[..Math.Min(value.Length, FragmentLength)];
            _message[at++] = (byte)code;
            _message[at++] = (byte)fragment.Length;
            fragment.CopyTo(_message[at..]);
            at += fragment.Length;
            value = value[fragment.Length..];
        }
        while (!value.IsEmpty);
        return true;
    }
}
