namespace Migration.Packets.Dhcp6;

/// <summary>Where the fields of a client's message are (RFC 8415 §8), and how long the fixed parts of options.</summary>
internal static class Dhcp6Wire
{
    public const int Type = 0, TransactionId = 1, Options = 4;

    /// <summary>IAID, T1, T2; IA_TA has the first alone.</summary>
    public const int AssociationLength = 12, TemporaryLength = 4, AssociationIdLength = 4;

    /// <summary>The address and its two lifetimes.</summary>
    public const int AddressLength = 24;

    public const ushort ServerPort = 547, ClientPort = 546;
    private const int ShortestIdentifier = 3, LongestIdentifier = 130;

    /// <summary>Why an option's value is malformed, or null: a malformed option is an error, never an absent one.</summary>
    public static string? FaultOf(Dhcp6OptionCode code, ReadOnlySpan<byte> value) => code switch
    {
        // RFC 8415 §11.1: two bytes of type and up to 128 more.
        Dhcp6OptionCode.ClientIdentifier or Dhcp6OptionCode.ServerIdentifier =>
            value.Length is >= ShortestIdentifier and <= LongestIdentifier ? null : "option 1 or 2 (DUID) is malformed",
        Dhcp6OptionCode.Addresses or Dhcp6OptionCode.Prefixes => FaultOfAssociation(value, AssociationLength),
        Dhcp6OptionCode.TemporaryAddresses => FaultOfAssociation(value, TemporaryLength),
        Dhcp6OptionCode.Address => FaultOfAddress(value),
        Dhcp6OptionCode.OptionRequest => value.Length % 2 == 0 ? null : "option 6 (option request) is malformed",
        Dhcp6OptionCode.Preference => value.Length == 1 ? null : "option 7 (preference) is not 1 byte",
        Dhcp6OptionCode.ElapsedTime => value.Length == 2 ? null : "option 8 (elapsed time) is not 2 bytes",
        Dhcp6OptionCode.StatusCode => value.Length >= 2 ? null : "option 13 (status code) is cut short",
        Dhcp6OptionCode.RapidCommit => value.IsEmpty ? null : "option 14 (rapid commit) is not empty",
        Dhcp6OptionCode.NameServers or Dhcp6OptionCode.SimpleTimeServers =>
            value.Length % Ipv6Address.Length == 0 ? null : "option 23 or 31 (addresses) is not a multiple of 16 bytes",
        Dhcp6OptionCode.ClientName => value.Length >= 1 ? null : "option 39 (client name) is empty",
        _ => null,
    };

    private static string? FaultOfAssociation(ReadOnlySpan<byte> value, int fixedLength)
    {
        if (value.Length < fixedLength) return "option 3, 4 or 25 (identity association) is cut short";
        return FaultOfNested(value[fixedLength..]);
    }

    private static string? FaultOfAddress(ReadOnlySpan<byte> value) =>
        value.Length < AddressLength ? "option 5 (address) is cut short" : FaultOfNested(value[AddressLength..]);

    private static string? FaultOfNested(ReadOnlySpan<byte> options)
    {
        var reader = new Dhcp6OptionReader(options);
        while (reader.MoveNext())
        {
            // Only what is allowed to be there; anything else is ignored (RFC 8415 §16).
            if (reader.Code is Dhcp6OptionCode.Address or Dhcp6OptionCode.StatusCode && FaultOf(reader.Code, reader.Value) is { } fault) return fault;
        }
        return reader.Fault;
    }
}
