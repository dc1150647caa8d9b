namespace Migration.Node.Machines.Disks;

/// <summary>A raw image in a volume of the pod; with a capacity it is made where it is missing.</summary>
internal sealed record FileSource(string Volume, string Path, long Capacity, bool Shared);
