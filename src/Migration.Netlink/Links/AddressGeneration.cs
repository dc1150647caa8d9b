namespace Migration.Netlink;

/// <summary>How an interface makes its IPv6 link-local address (IN6_ADDR_GEN_MODE_*).</summary>
public enum AddressGeneration : byte
{
    Eui64 = 0,

    /// <summary>Not at all: for an interface whose stack must stay silent.</summary>
    None = 1,
    StablePrivacy = 2,
    Random = 3,
}
