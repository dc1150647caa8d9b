using System.Buffers.Binary;

namespace Migration.Packets.Dhcp6;

/// <summary>An IA_NA (RFC 8415 §21.4): which addresses a client asks for under one name, or is given.</summary>
/// <param name="Id">IAID.</param>
/// <param name="Renewal">T1, in seconds.</param>
/// <param name="Rebinding">T2, in seconds.</param>
public sealed record Dhcp6Association(
    uint Id, uint Renewal, uint Rebinding, IReadOnlyList<Dhcp6Address> Addresses, Dhcp6Status Status = Dhcp6Status.Success)
{
    /// <summary>As an option; without status, which only servers say.</summary>
    public Dhcp6Option ToOption()
    {
        var value = new byte[Dhcp6Wire.AssociationLength + Addresses.Count * (Dhcp6OptionReader.HeadLength + Dhcp6Wire.AddressLength)];
        BinaryPrimitives.WriteUInt32BigEndian(value, Id);
        BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(4), Renewal);
        BinaryPrimitives.WriteUInt32BigEndian(value.AsSpan(8), Rebinding);
        var writer = new Dhcp6OptionWriter(value, Dhcp6Wire.AssociationLength);
        Span<byte> address = stackalloc byte[Dhcp6Wire.AddressLength];
        foreach (var one in Addresses)
        {
            one.Write(address);
            writer.TryPut(Dhcp6OptionCode.Address, address);
        }
        return new Dhcp6Option(Dhcp6OptionCode.Addresses, value);
    }

    /// <summary>Reads a value that was checked.</summary>
    internal static Dhcp6Association Read(ReadOnlyMemory<byte> value)
    {
        var span = value.Span;
        Dhcp6Packet.TryReadOptions(span[Dhcp6Wire.AssociationLength..], out var options, out _);
        return new Dhcp6Association(
            BinaryPrimitives.ReadUInt32BigEndian(span), BinaryPrimitives.ReadUInt32BigEndian(span[4..]), BinaryPrimitives.ReadUInt32BigEndian(span[8..]),
            [.. options.Where(o => o.Code == Dhcp6OptionCode.Address).Select(o => Dhcp6Address.Read(o.Value.Span))], StatusOf(options));
    }

    internal static Dhcp6Status StatusOf(IEnumerable<Dhcp6Option> options) => options
        .Where(o => o.Code == Dhcp6OptionCode.StatusCode)
        .Select(o => (Dhcp6Status)BinaryPrimitives.ReadUInt16BigEndian(o.Value.Span)).FirstOrDefault();
}
