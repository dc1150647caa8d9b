namespace Migration.Packets.Dhcp;

/// <summary>The options we read or write by name; any other code passes through.</summary>
public enum DhcpOptionCode : byte
{
    Pad = 0,
    SubnetMask = 1,
    Router = 3,
    NameServers = 6,
    HostName = 12,
    DomainName = 15,
    InterfaceMtu = 26,
    BroadcastAddress = 28,
    TimeServers = 42,
    RequestedAddress = 50,
    LeaseTime = 51,
    Overload = 52,
    MessageType = 53,
    ServerIdentifier = 54,
    ParameterRequestList = 55,
    Message = 56,
    MaximumMessageSize = 57,
    RenewalTime = 58,
    RebindingTime = 59,
    ClientIdentifier = 61,
    BootServerName = 66,
    BootFileName = 67,

    /// <summary>RFC 4039.</summary>
    RapidCommit = 80,

    /// <summary>RFC 4702.</summary>
    ClientName = 81,

    /// <summary>RFC 3046.</summary>
    RelayAgentInformation = 82,

    /// <summary>RFC 3397.</summary>
    DomainSearch = 119,

    /// <summary>RFC 3442.</summary>
    ClasslessRoutes = 121,

    /// <summary>The same as 121 for Windows before Vista.</summary>
    ClasslessRoutesMicrosoft = 249,
    End = 255,
}
