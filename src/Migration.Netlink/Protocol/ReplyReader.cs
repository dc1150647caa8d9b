using System.Runtime.InteropServices;

namespace Migration.Netlink.Protocol;

/// <summary>Splits one datagram into the messages it holds.</summary>
internal ref struct ReplyReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    public NetlinkHeader Header { get; private set; }

    public ReadOnlySpan<byte> Body { get; private set; }

    public bool Next()
    {
        if (_rest.Length < NetlinkHeader.Size)
            return _rest.IsEmpty ? false : throw AttributeReader.Malformed($"{_rest.Length} bytes after the last message");

        Header = MemoryMarshal.Read<NetlinkHeader>(_rest);
        if (Header.Length < NetlinkHeader.Size || Header.Length > _rest.Length)
            throw AttributeReader.Malformed($"a message of {Header.Length} bytes, with {_rest.Length} left");

        var length = (int)Header.Length;
        Body = _rest[NetlinkHeader.Size..length];
        _rest = _rest[Math.Min(_rest.Length, NetlinkHeader.Align(length))..];
        return true;
    }
}
