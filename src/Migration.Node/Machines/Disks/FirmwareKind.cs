namespace Migration.Node.Machines.Disks;

/// <summary>What a machine begins with; the values are the contract's.</summary>
internal enum FirmwareKind
{
    Default,
    Bios,
    Uefi,
    UefiSecureBoot,
}
