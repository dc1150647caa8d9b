using System.Buffers.Binary;

namespace Migration.Packets.Dhcp6;

/// <summary>A DHCPv6 message between client and server (RFC 8415 §8), as a value.</summary>
public sealed class Dhcp6Packet
{
    private const int TransactionBits = 24;

    public required Dhcp6MessageType Type { get; init; }

    /// <summary>24 bits.</summary>
    public uint TransactionId { get; init; }

    /// <summary>In their order; several of a kind are possible.</summary>
    public IReadOnlyList<Dhcp6Option> Options { get; init; } = [];

    /// <summary>Option 13; without it all went well.</summary>
    public Dhcp6Status Status => Dhcp6Association.StatusOf(Options);

    /// <summary>The IA_NA options.</summary>
    public IEnumerable<Dhcp6Association> Associations => Options.Where(o => o.Code == Dhcp6OptionCode.Addresses).Select(o => Dhcp6Association.Read(o.Value));

    /// <summary>The first of that code, or null.</summary>
    public ReadOnlyMemory<byte>? Find(Dhcp6OptionCode code)
    {
        foreach (var option in Options)
            if (option.Code == code) return option.Value;
        return null;
    }

    public static bool TryParse(ReadOnlySpan<byte> bytes, out Dhcp6Packet? packet, out string? reason)
    {
        packet = null;
        reason = bytes.Length < Dhcp6Wire.Options ? "message cut short"
            : bytes[Dhcp6Wire.Type] is 0 or > (byte)Dhcp6MessageType.InformationRequest ? "message is not between client and server" : null;
        if (reason is not null || !TryReadOptions(bytes[Dhcp6Wire.Options..], out var options, out reason)) return false;
        packet = new Dhcp6Packet
        {
            Type = (Dhcp6MessageType)bytes[Dhcp6Wire.Type],
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(bytes) & ((1u << TransactionBits) - 1),
            Options = options,
        };
        return true;
    }

    public byte[] ToArray()
    {
        var bytes = new byte[Dhcp6Wire.Options + Options.Sum(o => Dhcp6OptionReader.HeadLength + o.Value.Length)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, ((uint)Type << TransactionBits) | (TransactionId & ((1u << TransactionBits) - 1)));
        var writer = new Dhcp6OptionWriter(bytes, Dhcp6Wire.Options);
        foreach (var option in Options) writer.TryPut(option.Code, option.Value.Span);
        return bytes;
    }

    internal static bool TryReadOptions(ReadOnlySpan<byte> bytes, out List<Dhcp6Option> options, out string? reason)
    {
        options = [];
        var reader = new Dhcp6OptionReader(bytes);
        while (reader.MoveNext())
        {
            reason = Dhcp6Wire.FaultOf(reader.Code, reader.Value);
            if (reason is not null) return false;
            options.Add(new Dhcp6Option(reader.Code, reader.Value.ToArray()));
        }
        reason = reader.Fault;
        return reason is null;
    }
}
