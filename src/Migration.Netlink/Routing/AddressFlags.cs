namespace Migration.Netlink;

/// <summary>IFA_F_*.</summary>
[Flags]
public enum AddressFlags : uint
{
    None = 0,
    Secondary = 0x01,

    /// <summary>IPv6: usable at once, without asking whether somebody else has it.</summary>
    NoDuplicateDetection = 0x02,
    DuplicateDetectionFailed = 0x08,
    Deprecated = 0x20,
    Tentative = 0x40,
    Permanent = 0x80,
    ManageTemporary = 0x100,

    /// <summary>Comes without a route to its prefix.</summary>
    NoPrefixRoute = 0x200,
}
