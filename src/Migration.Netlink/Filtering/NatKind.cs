namespace Migration.Netlink;

/// <summary>Which end of a connection is translated (NFT_NAT_*).</summary>
public enum NatKind : uint
{
    Source,
    Destination,
}
