namespace Migration.Packets.Dhcp6;

/// <summary>What the rule needs of a client's message, read from the wire without allocation.</summary>
internal ref struct Dhcp6Question
{
    public ReadOnlySpan<byte> Message;
    public ReadOnlySpan<byte> ClientIdentifier;
    public ReadOnlySpan<byte> ServerIdentifier;
    public ReadOnlySpan<byte> OptionRequest;
    public ReadOnlySpan<byte> ClientName;
    public bool RapidCommit;
    public bool RequestsOptions;
    public bool HasAssociation;

    /// <summary>It was sent to one server's address although none asked for that.</summary>
    public bool IsUnicast;

    private ulong _seen;

    public readonly Dhcp6MessageType Type => (Dhcp6MessageType)Message[Dhcp6Wire.Type];

    public readonly Dhcp6OptionReader Options => new(Message[Dhcp6Wire.Options..]);

    public static bool TryParse(ReadOnlySpan<byte> message, out Dhcp6Question question, out string? reason)
    {
        question = default;
        reason = message.Length < Dhcp6Wire.Options ? "message cut short" : null;
        if (reason is not null) return false;
        question.Message = message;
        // What relays say is built differently, and is not for us.
        if (question.Type is Dhcp6MessageType.RelayForward or Dhcp6MessageType.RelayReply) return true;
        var reader = question.Options;
        while (reader.MoveNext() && reason is null) reason = question.Take(reader.Code, reader.Value);
        reason ??= reader.Fault;
        return reason is null;
    }

    private string? Take(Dhcp6OptionCode code, ReadOnlySpan<byte> value)
    {
        if (Dhcp6Wire.FaultOf(code, value) is { } fault) return fault;
        switch (code)
        {
            case Dhcp6OptionCode.Addresses or Dhcp6OptionCode.TemporaryAddresses or Dhcp6OptionCode.Prefixes:
                HasAssociation = true;
                return null;
            case Dhcp6OptionCode.ClientIdentifier: ClientIdentifier = value; break;
            case Dhcp6OptionCode.ServerIdentifier: ServerIdentifier = value; break;
            case Dhcp6OptionCode.RapidCommit: RapidCommit = true; break;
            case Dhcp6OptionCode.ClientName: ClientName = value; break;
            case Dhcp6OptionCode.OptionRequest:
                OptionRequest = value;
                RequestsOptions = true;
                break;
            default: return null;
        }
        return Once(code) ? null : "an option that stands alone is there twice";
    }

    private bool Once(Dhcp6OptionCode code)
    {
        var bit = 1UL << (int)code;
        var first = (_seen & bit) == 0;
        _seen |= bit;
        return first;
    }
}
