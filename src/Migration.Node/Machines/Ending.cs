namespace Migration.Node.Machines;

/// <summary>How a machine ended: <see cref="MachinePhase.Stopped"/> or <see cref="MachinePhase.Failed"/>, and why.</summary>
internal sealed record Ending(MachinePhase Phase, string Reason);
