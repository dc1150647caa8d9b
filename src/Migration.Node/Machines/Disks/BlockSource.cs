namespace Migration.Node.Machines.Disks;

/// <summary>A volume of the pod that is a block device.</summary>
internal sealed record BlockSource(string Volume, bool Shared);
