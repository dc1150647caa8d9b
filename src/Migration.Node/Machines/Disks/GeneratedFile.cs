namespace Migration.Node.Machines.Disks;

/// <summary>A file of an ISO image: its content, or the first of the candidates that is in the volume.</summary>
internal sealed record GeneratedFile(string Path, byte[] Content, string Volume, IReadOnlyList<string> Candidates);
