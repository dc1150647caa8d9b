using System.Buffers.Binary;

namespace Migration.Packets.Dhcp;

/// <summary>Where the fields of a message are, in the order of RFC 2131 figure 1.</summary>
internal static class DhcpWire
{
    public const int Operation = 0, HardwareType = 1, HardwareLength = 2, Hops = 3, TransactionId = 4, Seconds = 8, Flags = 10;
    public const int ClientAddress = 12, YourAddress = 16, NextServer = 20, RelayAddress = 24, ClientMac = 28;
    public const int ClientMacLength = 16, ServerName = 44, ServerNameLength = 64, BootFile = 108, BootFileLength = 128;
    public const int Cookie = 236, Options = 240;

    /// <summary>BOOTP's length (RFC 951); some clients drop shorter messages.</summary>
    public const int MinimumLength = 300;

    public const byte BootRequest = 1, BootReply = 2, Ethernet = 1;
    public const uint MagicCookie = 0x63825363;
    public const ushort BroadcastFlag = 0x8000;
    public const ushort ServerPort = 67, ClientPort = 68;

    /// <summary>Why the fixed part cannot be a message of an Ethernet client, or null.</summary>
    public static string? FaultOfHeader(ReadOnlySpan<byte> message)
    {
        if (message.Length < Options) return "message cut short";
        if (BinaryPrimitives.ReadUInt32BigEndian(message[Cookie..]) != MagicCookie) return "magic cookie is missing";
        if (message[Operation] is not (BootRequest or BootReply)) return "operation is neither request nor reply";
        return message[HardwareType] == Ethernet && message[HardwareLength] == MacAddress.Length ? null : "hardware is not Ethernet";
    }

    /// <summary>Why an option's value is malformed, or null: a malformed option is an error, never an absent one.</summary>
    public static string? FaultOf(DhcpOptionCode code, ReadOnlySpan<byte> value) => code switch
    {
        DhcpOptionCode.MessageType => value.Length == 1 && value[0] is >= 1 and <= 8 ? null : "option 53 (message type) is malformed",
        DhcpOptionCode.RequestedAddress => value.Length == 4 ? null : "option 50 (requested address) is not 4 bytes",
        DhcpOptionCode.LeaseTime => value.Length == 4 ? null : "option 51 (lease time) is not 4 bytes",
        DhcpOptionCode.ServerIdentifier => value.Length == 4 ? null : "option 54 (server identifier) is not 4 bytes",
        DhcpOptionCode.RenewalTime => value.Length == 4 ? null : "option 58 (renewal time) is not 4 bytes",
        DhcpOptionCode.RebindingTime => value.Length == 4 ? null : "option 59 (rebinding time) is not 4 bytes",
        DhcpOptionCode.SubnetMask => value.Length == 4 ? null : "option 1 (subnet mask) is not 4 bytes",
        DhcpOptionCode.BroadcastAddress => value.Length == 4 ? null : "option 28 (broadcast address) is not 4 bytes",
        DhcpOptionCode.InterfaceMtu => value.Length == 2 ? null : "option 26 (MTU) is not 2 bytes",
        DhcpOptionCode.MaximumMessageSize => value.Length == 2 ? null : "option 57 (maximum message size) is not 2 bytes",
        DhcpOptionCode.RapidCommit => value.Length == 0 ? null : "option 80 (rapid commit) is not empty",
        DhcpOptionCode.ClientIdentifier => value.Length > 0 ? null : "option 61 (client identifier) is empty",
        // Flags and two results before the name.
        DhcpOptionCode.ClientName => value.Length >= 3 ? null : "option 81 (client name) is cut short",
        DhcpOptionCode.Router or DhcpOptionCode.NameServers or DhcpOptionCode.TimeServers =>
            value.Length > 0 && value.Length % 4 == 0 ? null : "option 3, 6 or 42 (addresses) is not a multiple of 4 bytes",
        DhcpOptionCode.ClasslessRoutes or DhcpOptionCode.ClasslessRoutesMicrosoft =>
            ClasslessRoutes.IsWellFormed(value) ? null : "option 121 or 249 (classless routes) is malformed",
        DhcpOptionCode.DomainSearch => SearchList.TryParse(value, null) ? null : "option 119 (search list) is malformed",
        _ => null,
    };
}
