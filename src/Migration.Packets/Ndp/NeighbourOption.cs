namespace Migration.Packets.Ndp;

/// <summary>The options of neighbour discovery that we read or write: type, length in units of eight bytes, value.</summary>
internal static class NeighbourOption
{
    public const byte SourceLinkLayer = 1, TargetLinkLayer = 2, PrefixInformation = 3, Mtu = 5, RouteInformation = 24, NameServers = 25, SearchList = 31;
    public const int Unit = 8;

    /// <summary>Why the options cannot be (RFC 4861 §4.6), or null. Finds the source's link-layer address on the way.</summary>
    public static string? FaultOf(ReadOnlySpan<byte> options, out MacAddress? source)
    {
        source = null;
        while (!options.IsEmpty)
        {
            if (options.Length < 2) return "neighbour discovery option cut short";
            var length = options[1] * Unit;
            if (length == 0) return "neighbour discovery option has no length";
            if (length > options.Length) return "neighbour discovery option cut short";
            if (options[0] == SourceLinkLayer && length == Unit) source ??= MacAddress.Read(options[2..]);
            options = options[length..];
        }
        return null;
    }

    public static int WriteLinkLayer(Span<byte> bytes, byte type, MacAddress mac)
    {
        (bytes[0], bytes[1]) = (type, 1);
        mac.Write(bytes[2..]);
        return Unit;
    }
}
