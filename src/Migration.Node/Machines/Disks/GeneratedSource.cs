namespace Migration.Node.Machines.Disks;

/// <summary>An ISO image of these files and of all files of the volume, if one is named.</summary>
internal sealed record GeneratedSource(string Label, IReadOnlyList<GeneratedFile> Files, string Volume, string Digest);
