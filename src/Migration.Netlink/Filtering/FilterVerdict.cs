namespace Migration.Netlink;

/// <summary>What becomes of a packet (NF_* and NFT_*).</summary>
public enum FilterVerdict
{
    Drop = 0,
    Accept = 1,

    /// <summary>To another chain, and back if that does not decide.</summary>
    Jump = -3,

    /// <summary>To another chain without return.</summary>
    GoTo = -4,
    Return = -5,
}
