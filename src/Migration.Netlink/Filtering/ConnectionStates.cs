namespace Migration.Netlink;

/// <summary>States of a connection, as a set (NF_CT_STATE_BIT).</summary>
[Flags]
public enum ConnectionStates : uint
{
    None = 0,
    Invalid = 1,
    Established = 2,
    Related = 4,
    New = 8,
    Untracked = 64,
}
