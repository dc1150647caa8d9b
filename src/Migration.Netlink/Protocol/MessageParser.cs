namespace Migration.Netlink.Protocol;

/// <summary>Turns one message of an answer into an object.</summary>
internal delegate T MessageParser<out T>(ushort type, ReadOnlySpan<byte> body);
