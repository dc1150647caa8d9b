namespace Migration.Packets.Dhcp;

/// <summary>
/// Walks the options of a message as they stand: the options field, then the file and server name fields where option 52 says
/// that they hold options too (RFC 2131 §4.1, in this order).
/// </summary>
internal ref struct DhcpOptionReader
{
    private readonly ReadOnlySpan<byte> _message;
    private ReadOnlySpan<byte> _rest;
    private int _overload;
    private bool _inOptionsField = true;

    public DhcpOptionReader(ReadOnlySpan<byte> message)
    {
        _message = message;
        _rest = message[DhcpWire.Options..];
    }

    public DhcpOptionCode Code { get; private set; }

    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Why <see cref="MoveNext"/> returned false, unless the options simply ended.</summary>
    public string? Fault { get; private set; }

    public bool MoveNext()
    {
        while (true)
        {
            while (_rest.Length > 0 && _rest[0] == (byte)DhcpOptionCode.Pad) _rest = _rest[1..];
            // A field that ends without End is taken as ended: several boot loaders leave it out.
            if (_rest.IsEmpty || _rest[0] == (byte)DhcpOptionCode.End)
            {
                if (!EnterNextField()) return false;
                continue;
            }
            return Take();
        }
    }

    private bool Take()
    {
        if (_rest.Length < 2 || _rest.Length < 2 + _rest[1])
        {
            Fault = "option cut short";
            return false;
        }
        Code = (DhcpOptionCode)_rest[0];
        Value = _rest.Slice(2, _rest[1]);
        _rest = _rest[(2 + Value.Length)..];
        if (Code != DhcpOptionCode.Overload) return true;
        if (!_inOptionsField || Value.Length != 1 || Value[0] is < 1 or > 3)
        {
            Fault = "option 52 (overload) is malformed";
            return false;
        }
        _overload = Value[0];
        return true;
    }

    private bool EnterNextField()
    {
        _inOptionsField = false;
        if ((_overload & 1) != 0)
        {
            _overload &= ~1;
            _rest = _message.Slice(DhcpWire.BootFile, DhcpWire.BootFileLength);
            return true;
        }
        if ((_overload & 2) != 0)
        {
            _overload = 0;
            _rest = _message.Slice(DhcpWire.ServerName, DhcpWire.ServerNameLength);
            return true;
        }
        return false;
    }
}
