namespace Migration.Local.Names;

/// <summary>How a question is answered (RFC 1035 §4.1.1, RCODE).</summary>
public enum DnsOutcome : byte
{
    Found = 0,
    NoSuchName = 3,

    /// <summary>Not a name of the cluster: ask somebody else.</summary>
    Refused = 5,
}

/// <summary>An answer; a name that exists, but not with this type, is found with no records.</summary>
public sealed record DnsAnswer(DnsOutcome Outcome, IReadOnlyList<DnsRecord> Records)
{
    public static DnsAnswer Refused { get; } = new(DnsOutcome.Refused, []);
    public static DnsAnswer NoSuchName { get; } = new(DnsOutcome.NoSuchName, []);
}
