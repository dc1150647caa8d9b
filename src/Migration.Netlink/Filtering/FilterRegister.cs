namespace Migration.Netlink;

/// <summary>The registers of 16 bytes in which expressions hand values to each other.</summary>
public enum FilterRegister : uint
{
    R1 = 1,
    R2,
    R3,
    R4,
}
