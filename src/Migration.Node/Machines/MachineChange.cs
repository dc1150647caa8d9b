namespace Migration.Node.Machines;

/// <summary>What a watcher is told.</summary>
internal sealed record MachineChange(MachineSnapshot Machine, bool Deleted);
