namespace Migration.Node.Machines.Disks;

/// <summary>An image, or a folder with one in it, in a volume of the pod; what is written goes with the pod.</summary>
internal sealed record OverlaySource(string Volume, string Path);
