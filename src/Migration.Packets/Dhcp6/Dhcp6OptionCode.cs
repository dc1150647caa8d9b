namespace Migration.Packets.Dhcp6;

/// <summary>The options we read or write by name; any other code passes through.</summary>
public enum Dhcp6OptionCode : ushort
{
    ClientIdentifier = 1,
    ServerIdentifier = 2,

    /// <summary>IA_NA: a client's claim to addresses.</summary>
    Addresses = 3,

    /// <summary>IA_TA: a claim to short-lived addresses.</summary>
    TemporaryAddresses = 4,

    /// <summary>IAADDR, inside of the two.</summary>
    Address = 5,
    OptionRequest = 6,
    Preference = 7,
    ElapsedTime = 8,
    StatusCode = 13,
    RapidCommit = 14,
    NameServers = 23,
    DomainSearch = 24,

    /// <summary>IA_PD: a claim to a prefix.</summary>
    Prefixes = 25,

    /// <summary>SNTP servers (RFC 4075), which NTP's option replaces.</summary>
    SimpleTimeServers = 31,
    InformationRefreshTime = 32,

    /// <summary>RFC 4704.</summary>
    ClientName = 39,

    /// <summary>RFC 5908.</summary>
    TimeServers = 56,
}
