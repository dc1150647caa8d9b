using System.Buffers.Binary;

namespace Migration.Packets.Dhcp;

/// <summary>
/// What the rule needs of a client's message, read from the wire without allocation. Only an option that comes in fragments
/// (RFC 3396), which no client's request needs to, costs a copy.
/// </summary>
internal ref struct DhcpQuestion
{
    /// <summary>Longer than any real client's message; bounds the work that a hostile one can cause.</summary>
    public const int MaximumLength = 4096;

    public ReadOnlySpan<byte> Message;
    public DhcpMessageType? Type;
    public Ipv4Address? RequestedAddress;
    public Ipv4Address? ServerIdentifier;
    public int MaximumMessageSize;
    public bool RapidCommit;
    public ReadOnlySpan<byte> Parameters;
    public ReadOnlySpan<byte> ClientIdentifier;
    public ReadOnlySpan<byte> RelayInformation;

    /// <summary>Option 81: flags, two results, a name.</summary>
    public ReadOnlySpan<byte> ClientName;
    private ulong _seenLow;

    public readonly Ipv4Address ClientAddress => Ipv4Address.Read(Message[DhcpWire.ClientAddress..]);

    public readonly Ipv4Address RelayAddress => Ipv4Address.Read(Message[DhcpWire.RelayAddress..]);

    public readonly MacAddress ClientMac => MacAddress.Read(Message[DhcpWire.ClientMac..]);

    public readonly bool WantsBroadcast => (Message[DhcpWire.Flags] & (DhcpWire.BroadcastFlag >> 8)) != 0;

    public static bool TryParse(ReadOnlySpan<byte> message, out DhcpQuestion question, out string? reason)
    {
        question = default;
        reason = message.Length > MaximumLength ? "message is too long"
            : DhcpWire.FaultOfHeader(message)
            ?? (message[DhcpWire.Operation] == DhcpWire.BootRequest ? null : "message is a reply");
        if (reason is not null) return false;
        question.Message = message;
        var reader = new DhcpOptionReader(message);
        while (reader.MoveNext() && reason is null) reason = question.Take(reader.Code, reader.Value);
        reason ??= reader.Fault;
        return reason is null;
    }

    private string? Take(DhcpOptionCode code, ReadOnlySpan<byte> value)
    {
        switch (code)
        {
            case DhcpOptionCode.ParameterRequestList:
                Parameters = Joined(Parameters, value);
                return null;
            case DhcpOptionCode.ClientIdentifier:
                ClientIdentifier = Joined(ClientIdentifier, value);
                return DhcpWire.FaultOf(code, ClientIdentifier);
            case DhcpOptionCode.RelayAgentInformation:
                RelayInformation = Joined(RelayInformation, value);
                return null;
            case DhcpOptionCode.ClientName:
                ClientName = Joined(ClientName, value);
                return DhcpWire.FaultOf(code, ClientName);
            case DhcpOptionCode.MessageType or DhcpOptionCode.RequestedAddress or DhcpOptionCode.ServerIdentifier
                or DhcpOptionCode.MaximumMessageSize or DhcpOptionCode.RapidCommit:
                return Once(code) ? DhcpWire.FaultOf(code, value) ?? TakeFixed(code, value) : "a fixed-length option is there twice";
            default:
                return null;
        }
    }

    private string? TakeFixed(DhcpOptionCode code, ReadOnlySpan<byte> value)
    {
        switch (code)
        {
            case DhcpOptionCode.MessageType: Type = (DhcpMessageType)value[0]; break;
            case DhcpOptionCode.RequestedAddress: RequestedAddress = Ipv4Address.Read(value); break;
            case DhcpOptionCode.ServerIdentifier: ServerIdentifier = Ipv4Address.Read(value); break;
            case DhcpOptionCode.MaximumMessageSize: MaximumMessageSize = BinaryPrimitives.ReadUInt16BigEndian(value); break;
            default: RapidCommit = true; break;
        }
        return null;
    }

    // Codes 50 to 80 are 30 apart, so one word remembers which were seen.
    private bool Once(DhcpOptionCode code)
    {
        var bit = 1UL << (code - DhcpOptionCode.RequestedAddress);
        var first = (_seenLow & bit) == 0;
        _seenLow |= bit;
        return first;
    }

    private static ReadOnlySpan<byte> Joined(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        if (first.IsEmpty) return second;
        var both = new byte[first.Length + second.Length];
        first.CopyTo(both);
        second.CopyTo(both.AsSpan(first.Length));
        return both;
    }
}
