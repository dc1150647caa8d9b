namespace Migration.Netlink;

/// <summary>How a register is compared, byte by byte from the first (NFT_CMP_*).</summary>
public enum Comparison : uint
{
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}
