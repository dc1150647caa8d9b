using Migration.Linux;

namespace Migration.Netlink.Protocol;

/// <summary>What the kernel says at the end of a request: an error number, and perhaps words (NLMSG_ERROR, NLMSG_DONE).</summary>
internal readonly record struct Acknowledgement(Errno Errno, string? Message, int? Offset)
{
    private const ushort NLMSGERR_ATTR_MSG = 1, NLMSGERR_ATTR_OFFS = 2;

    public bool Failed => Errno != 0;

    /// <summary>An error: number, header of the request, its body unless capped, attributes if flagged.</summary>
    public static Acknowledgement ReadError(ReadOnlySpan<byte> body, ushort flags)
    {
        var errno = ReadErrno(body);
        if ((flags & NetlinkHeader.HasAttributes) == 0)
            return new Acknowledgement(errno, null, null);

        AttributeReader.After<ErrorBody>(body, out var error);
        var skip = (flags & NetlinkHeader.Capped) != 0 ? NetlinkHeader.Size : (long)error.RequestLength;
        var start = sizeof(int) + ((skip + 3) & ~3L);
        if (skip < NetlinkHeader.Size || start > body.Length)
            throw AttributeReader.Malformed($"an acknowledgement of {body.Length} bytes for a request of {skip}");
        return ReadAttributes(errno, body[(int)start..]);
    }

    /// <summary>The end of a dump: the number may be missing.</summary>
    public static Acknowledgement ReadDone(ReadOnlySpan<byte> body, ushort flags)
    {
        if (body.Length < sizeof(int))
            return default;
        var errno = ReadErrno(body);
        return (flags & NetlinkHeader.HasAttributes) == 0 ? new Acknowledgement(errno, null, null) : ReadAttributes(errno, body[sizeof(int)..]);
    }

    public NetlinkException ToException(string operation) => new(operation, Errno, Message, Offset);

    private static Errno ReadErrno(ReadOnlySpan<byte> body)
    {
        AttributeReader.After<int>(body, out var error);
        return error is > 0 or < -4095 ? throw AttributeReader.Malformed($"error number {error}") : (Errno)(-error);
    }

    private static Acknowledgement ReadAttributes(Errno errno, ReadOnlySpan<byte> attributes)
    {
        string? message = null;
        int? offset = null;
        var reader = new AttributeReader(attributes);
        while (reader.Next())
        {
            if (reader.Type == NLMSGERR_ATTR_MSG)
                message = reader.String();
            else if (reader.Type == NLMSGERR_ATTR_OFFS)
                offset = reader.Int32();
        }

        return new Acknowledgement(errno, message, offset);
    }

    /// <summary><c>struct nlmsgerr</c>, as far as it is read.</summary>
    internal struct ErrorBody
    {
        public int Error;
        public uint RequestLength;
    }
}
