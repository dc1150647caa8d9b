namespace Migration.Packets.Ndp;

/// <summary>
/// Whom the guest takes for its IPv6 router. Its link-local address is the same on every node, so that a guest that has moved keeps
/// its default route; the MAC behind it is whoever forwards there, and each advertisement tells it anew.
/// </summary>
public sealed record RouterIdentity(Ipv6Address LinkLocal, MacAddress Mac)
{
    private static readonly Ipv6Address FixedLinkLocal = Ipv6Address.LinkLocalOf(MacAddress.Parse("02:6d:69:67:72:02"));

    /// <summary>The fixed router, behind which that MAC forwards.</summary>
    public static RouterIdentity Through(MacAddress gateway) => new(FixedLinkLocal, gateway);
}
