using System.Buffers.Binary;

namespace Migration.Packets.Dhcp;

/// <summary>A DHCPv4 message (RFC 2131) of an Ethernet client, as a value.</summary>
public sealed class DhcpPacket
{
    public bool IsReply { get; init; }

    public byte Hops { get; init; }

    public uint TransactionId { get; init; }

    public ushort Seconds { get; init; }

    /// <summary>The client cannot take a unicast before it has an address.</summary>
    public bool WantsBroadcast { get; init; }

    /// <summary>ciaddr: the address that the client already uses.</summary>
    public Ipv4Address ClientAddress { get; init; }

    /// <summary>yiaddr: the address that the client is given.</summary>
    public Ipv4Address YourAddress { get; init; }

    /// <summary>siaddr: the server to boot from.</summary>
    public Ipv4Address NextServer { get; init; }

    /// <summary>giaddr.</summary>
    public Ipv4Address RelayAddress { get; init; }

    /// <summary>chaddr.</summary>
    public MacAddress ClientMac { get; init; }

    /// <summary>sname, up to 64 bytes; empty when it held options.</summary>
    public ReadOnlyMemory<byte> ServerName { get; init; }

    /// <summary>file, up to 128 bytes; empty when it held options.</summary>
    public ReadOnlyMemory<byte> BootFile { get; init; }

    public DhcpOptions Options { get; init; } = DhcpOptions.Empty;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out DhcpPacket? packet, out string? reason)
    {
        packet = null;
        reason = DhcpWire.FaultOfHeader(bytes);
        if (reason is not null) return false;
        if (!TryReadOptions(bytes, out var options, out var overload, out reason)) return false;
        packet = new DhcpPacket
        {
            IsReply = bytes[DhcpWire.Operation] == DhcpWire.BootReply,
            Hops = bytes[DhcpWire.Hops],
            TransactionId = BinaryPrimitives.ReadUInt32BigEndian(bytes[DhcpWire.TransactionId..]),
            Seconds = BinaryPrimitives.ReadUInt16BigEndian(bytes[DhcpWire.Seconds..]),
            WantsBroadcast = (BinaryPrimitives.ReadUInt16BigEndian(bytes[DhcpWire.Flags..]) & DhcpWire.BroadcastFlag) != 0,
            ClientAddress = Ipv4Address.Read(bytes[DhcpWire.ClientAddress..]),
            YourAddress = Ipv4Address.Read(bytes[DhcpWire.YourAddress..]),
            NextServer = Ipv4Address.Read(bytes[DhcpWire.NextServer..]),
            RelayAddress = Ipv4Address.Read(bytes[DhcpWire.RelayAddress..]),
            ClientMac = MacAddress.Read(bytes[DhcpWire.ClientMac..]),
            BootFile = (overload & 1) != 0 ? default : Field(bytes.Slice(DhcpWire.BootFile, DhcpWire.BootFileLength)),
            ServerName = (overload & 2) != 0 ? default : Field(bytes.Slice(DhcpWire.ServerName, DhcpWire.ServerNameLength)),
            Options = options,
        };
        return true;
    }

    /// <summary>How many bytes <see cref="Write"/> needs at most.</summary>
    public int MaximumLength => Math.Max(DhcpWire.MinimumLength, DhcpWire.Options + 1 + Options.Sum(o => DhcpOptionWriter.Need(o.Value.Length)));

    /// <summary>Writes the message and returns its length, at least BOOTP's 300 bytes. Throws when there is no room for all options.</summary>
    public int Write(Span<byte> bytes)
    {
        if (bytes.Length < MaximumLength) throw new ArgumentException($"the message needs {MaximumLength} bytes, there are {bytes.Length}", nameof(bytes));
        bytes[..DhcpWire.Options].Clear();
        bytes[DhcpWire.Operation] = IsReply ? DhcpWire.BootReply : DhcpWire.BootRequest;
        bytes[DhcpWire.HardwareType] = DhcpWire.Ethernet;
        bytes[DhcpWire.HardwareLength] = MacAddress.Length;
        bytes[DhcpWire.Hops] = Hops;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[DhcpWire.TransactionId..], TransactionId);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[DhcpWire.Seconds..], Seconds);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[DhcpWire.Flags..], WantsBroadcast ? DhcpWire.BroadcastFlag : (ushort)0);
        ClientAddress.Write(bytes[DhcpWire.ClientAddress..]);
        YourAddress.Write(bytes[DhcpWire.YourAddress..]);
        NextServer.Write(bytes[DhcpWire.NextServer..]);
        RelayAddress.Write(bytes[DhcpWire.RelayAddress..]);
        ClientMac.Write(bytes[DhcpWire.ClientMac..]);
        ServerName.Span.CopyTo(bytes.Slice(DhcpWire.ServerName, DhcpWire.ServerNameLength));
        BootFile.Span.CopyTo(bytes.Slice(DhcpWire.BootFile, DhcpWire.BootFileLength));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[DhcpWire.Cookie..], DhcpWire.MagicCookie);
        return WriteOptions(bytes);
    }

    public byte[] ToArray()
    {
        var bytes = new byte[MaximumLength];
        return bytes[..Write(bytes)];
    }

    private int WriteOptions(Span<byte> bytes)
    {
        var writer = new DhcpOptionWriter(bytes, mayOverload: false);
        foreach (var option in Options) writer.TryPut(option.Code, option.Value.Span);
        return writer.Finish();
    }

    private static bool TryReadOptions(ReadOnlySpan<byte> bytes, out DhcpOptions options, out int overload, out string? reason)
    {
        options = DhcpOptions.Empty;
        overload = 0;
        var order = new List<DhcpOptionCode>();
        var values = new Dictionary<DhcpOptionCode, List<byte>>();
        var reader = new DhcpOptionReader(bytes);
        while (reader.MoveNext())
        {
            if (reader.Code == DhcpOptionCode.Overload)
            {
                overload = reader.Value[0];
                continue;
            }
            if (!values.TryGetValue(reader.Code, out var value))
            {
                order.Add(reader.Code);
                values.Add(reader.Code, value = []);
            }
            value.AddRange(reader.Value);
        }
        reason = reader.Fault;
        return reason is null && DhcpOptions.TryCreate(order.Select(c => new DhcpOption(c, values[c].ToArray())), out options, out reason);
    }

    // The fields are zero-terminated text.
    private static ReadOnlyMemory<byte> Field(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return field[..(end < 0 ? field.Length : end)].ToArray();
    }
}
