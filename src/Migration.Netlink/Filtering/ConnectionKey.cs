namespace Migration.Netlink;

/// <summary>What conntrack knows of a packet's connection (NFT_CT_*).</summary>
public enum ConnectionKey : uint
{
    /// <summary><see cref="ConnectionStates"/>.</summary>
    State = 0,

    /// <summary>One byte: 0 is the direction of the packet that began the connection.</summary>
    Direction = 1,

    /// <summary>IPS_* bits.</summary>
    Status = 2,
}
