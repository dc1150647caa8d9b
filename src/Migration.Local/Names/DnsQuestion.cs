namespace Migration.Local.Names;

/// <summary>What is asked (RFC 1035 §4.1.2): a name in lower case without its last dot, and a type.</summary>
/// <param name="Wire">As it was asked, to be repeated in the answer.</param>
public sealed record DnsQuestion(string Name, DnsType Type, ReadOnlyMemory<byte> Wire);

/// <summary>The types of records that a cluster's names have.</summary>
public enum DnsType : ushort
{
    A = 1,
    CanonicalName = 5,
    Authority = 6,
    Pointer = 12,
    Ipv6 = 28,
    Service = 33,
    Any = 255,
}
