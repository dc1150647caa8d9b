namespace Migration.Node.Machines.Disks;

/// <summary>An empty disk that goes with the pod.</summary>
internal sealed record BlankSource(long Capacity);
