using System.Net;
using System.Net.Sockets;

namespace Migration.Netlink;

/// <summary>What a rule matches, as expressions, in the form that nft gives them.</summary>
public static class Conditions
{
    private const FilterRegister R1 = FilterRegister.R1;
    private const uint DestinationPortOffset = 2, PortLength = 2;

    public static IReadOnlyList<FilterExpression> InputIs(string link) => NameIs(MetaKey.InputName, Comparison.Equal, link);

    public static IReadOnlyList<FilterExpression> OutputIs(string link) => NameIs(MetaKey.OutputName, Comparison.Equal, link);

    public static IReadOnlyList<FilterExpression> SourceIs(IPAddress address) => AddressIs(address, source: true);

    public static IReadOnlyList<FilterExpression> DestinationIs(IPAddress address) => AddressIs(address, source: false);

    public static IReadOnlyList<FilterExpression> ProtocolIs(byte protocol) =>
        [new FilterExpression.Meta(MetaKey.Protocol, R1), new FilterExpression.Compare(Comparison.Equal, R1, new RegisterValue(protocol))];

    /// <summary>The protocol and its destination port: one, or any of a range. Right for protocols that have ports where TCP has them.</summary>
    public static IReadOnlyList<FilterExpression> PortIs(byte protocol, ushort first, ushort last) =>
    [
        .. ProtocolIs(protocol),
        new FilterExpression.Payload(PayloadBase.Transport, DestinationPortOffset, PortLength, R1),
        .. first == last
            ? [new FilterExpression.Compare(Comparison.Equal, R1, RegisterValue.BigEndian(first))]
            : (IEnumerable<FilterExpression>)[
                new FilterExpression.Compare(Comparison.GreaterOrEqual, R1, RegisterValue.BigEndian(first)),
                new FilterExpression.Compare(Comparison.LessOrEqual, R1, RegisterValue.BigEndian(last))],
    ];

    /// <summary>The connection is in one of these states.</summary>
    public static IReadOnlyList<FilterExpression> StateIsAnyOf(ConnectionStates states) => ConnectionBits(ConnectionKey.State, (uint)states, Comparison.NotEqual);

    /// <summary>The packet goes the way of the one that began the connection.</summary>
    public static IReadOnlyList<FilterExpression> IsInOriginalDirection() =>
        [new FilterExpression.Connection(ConnectionKey.Direction, R1), new FilterExpression.Compare(Comparison.Equal, R1, new RegisterValue(0))];

    /// <summary>The connection's destination was not translated (IPS_DST_NAT is not set).</summary>
    public static IReadOnlyList<FilterExpression> DestinationIsNotTranslated() => ConnectionBits(ConnectionKey.Status, 1 << 5, Comparison.Equal);

    /// <summary>The connection's destination was translated (IPS_DST_NAT is set).</summary>
    public static IReadOnlyList<FilterExpression> DestinationIsTranslated() => ConnectionBits(ConnectionKey.Status, 1 << 5, Comparison.NotEqual);

    public static IReadOnlyList<FilterExpression> SourceIsIn(IPNetwork network) => AddressIsIn(network, source: true, Comparison.Equal);

    public static IReadOnlyList<FilterExpression> SourceIsNotIn(IPNetwork network) => AddressIsIn(network, source: true, Comparison.NotEqual);

    public static IReadOnlyList<FilterExpression> DestinationIsIn(IPNetwork network) => AddressIsIn(network, source: false, Comparison.Equal);

    /// <summary>By chance, once in so many times.</summary>
    public static IReadOnlyList<FilterExpression> OneIn(uint times) =>
        [new FilterExpression.RandomNumber(R1, times), new FilterExpression.Compare(Comparison.Equal, R1, RegisterValue.Native(0))];

    /// <summary>The source address is one of those that a hash deals out to this share.</summary>
    public static IReadOnlyList<FilterExpression> SourceHashIs(AddressFamily family, uint share, uint shares)
    {
        var (length, offset) = PlaceOf(family, source: true);
        return
        [
            new FilterExpression.Payload(PayloadBase.Network, offset, length, FilterRegister.R2),
            new FilterExpression.Hash(FilterRegister.R2, length, R1, shares),
            new FilterExpression.Compare(Comparison.Equal, R1, RegisterValue.Native(share)),
        ];
    }

    private static IReadOnlyList<FilterExpression> NameIs(MetaKey key, Comparison comparison, string link) =>
        [new FilterExpression.Meta(key, R1), new FilterExpression.Compare(comparison, R1, RegisterValue.InterfaceName(link))];

    private static IReadOnlyList<FilterExpression> AddressIs(IPAddress address, bool source)
    {
        var (length, offset) = PlaceOf(address.AddressFamily, source);
        return
        [
            new FilterExpression.Payload(PayloadBase.Network, offset, length, R1),
            new FilterExpression.Compare(Comparison.Equal, R1, RegisterValue.Of(address)),
        ];
    }

    /// <summary>Whole bytes are compared as such, as nft does it; otherwise the rest is masked away.</summary>
    private static IReadOnlyList<FilterExpression> AddressIsIn(IPNetwork network, bool source, Comparison comparison)
    {
        const int bits = 8;
        var (length, offset) = PlaceOf(network.BaseAddress.AddressFamily, source);
        var address = network.BaseAddress.GetAddressBytes();
        if (network.PrefixLength % bits == 0 && network.PrefixLength > 0)
        {
            var bytes = network.PrefixLength / bits;
            return
            [
                new FilterExpression.Payload(PayloadBase.Network, offset, (uint)bytes, R1),
                new FilterExpression.Compare(comparison, R1, new RegisterValue(address.AsSpan(0, bytes))),
            ];
        }

        var mask = new byte[length];
        for (var bit = 0; bit < network.PrefixLength; bit++)
            mask[bit / bits] |= (byte)(0x80 >> (bit % bits));
        return
        [
            new FilterExpression.Payload(PayloadBase.Network, offset, length, R1),
            new FilterExpression.Bitwise(R1, R1, new RegisterValue(mask), new RegisterValue(new byte[length])),
            new FilterExpression.Compare(comparison, R1, new RegisterValue(address)),
        ];
    }

    /// <summary>Where an address is in its header, and how long it is.</summary>
    private static (uint Length, uint Offset) PlaceOf(AddressFamily family, bool source) =>
        family == AddressFamily.InterNetwork ? (4u, source ? 12u : 16u) : (16u, source ? 8u : 24u);

    private static IReadOnlyList<FilterExpression> ConnectionBits(ConnectionKey key, uint bits, Comparison withNone) =>
    [
        new FilterExpression.Connection(key, R1),
        new FilterExpression.Bitwise(R1, R1, RegisterValue.Native(bits), RegisterValue.Native(0)),
        new FilterExpression.Compare(withNone, R1, RegisterValue.Native(0)),
    ];
}
