using System.Net;

namespace Migration.Netlink;

/// <summary>Address translation, as expressions, in the form that nft gives it. For base chains of type nat and what they jump to.</summary>
public static class Translation
{
    public static IReadOnlyList<FilterExpression> DestinationTo(IPAddress address) => To(NatKind.Destination, address);

    /// <summary>To one port, or to any of a range.</summary>
    public static IReadOnlyList<FilterExpression> DestinationTo(IPAddress address, ushort first, ushort last) =>
    [
        new FilterExpression.Load(FilterRegister.R1, RegisterValue.Of(address)),
        new FilterExpression.Load(FilterRegister.R2, RegisterValue.BigEndian(first)),
        new FilterExpression.Load(FilterRegister.R3, RegisterValue.BigEndian(last)),
        new FilterExpression.Nat(NatKind.Destination, FamilyOf(address))
        {
            Address = FilterRegister.R1,
            Port = FilterRegister.R2,
            LastPort = FilterRegister.R3,
        },
    ];

    public static IReadOnlyList<FilterExpression> SourceTo(IPAddress address) => To(NatKind.Source, address);

    private static IReadOnlyList<FilterExpression> To(NatKind kind, IPAddress address) =>
    [
        new FilterExpression.Load(FilterRegister.R1, RegisterValue.Of(address)),
        new FilterExpression.Nat(kind, FamilyOf(address)) { Address = FilterRegister.R1 },
    ];

    private static FilterFamily FamilyOf(IPAddress address) => (FilterFamily)Protocol.Family.Of(address);
}
