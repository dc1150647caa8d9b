namespace Migration.Packets;

/// <summary>What the checksum field of a received packet holds.</summary>
public enum ChecksumState
{
    Correct,

    /// <summary>UDP over IPv4 may do without: the field is zero.</summary>
    Absent,

    /// <summary>Only the pseudo header's sum: a guest left the rest to a NIC that is none, and the packet was taken before the kernel completed it.</summary>
    Partial,
    Wrong,
}
