namespace Migration.Netlink;

/// <summary>What a packet carries beside its bytes (NFT_META_*).</summary>
public enum MetaKey : uint
{
    Mark = 3,
    InputName = 6,
    OutputName = 7,
    Protocol = 16,
}
