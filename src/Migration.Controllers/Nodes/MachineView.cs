using Migration.Protos;

namespace Migration.Controllers.Nodes;

/// <summary>
/// What a node says of a machine. A node that cannot be asked says nothing, which is not the same as saying that
/// the machine is not there.
/// </summary>
public readonly record struct MachineView
{
    private MachineView(bool isKnown, Machine? machine) => (IsKnown, Machine) = (isKnown, machine);

    /// <summary>The node cannot be asked.</summary>
    public static MachineView Unknown => default;

    /// <summary>The node does not have it.</summary>
    public static MachineView Absent { get; } = new(true, null);

    /// <summary>Whether the node said anything.</summary>
    public bool IsKnown { get; }

    /// <summary>The machine, if the node has it.</summary>
    public Machine? Machine { get; }

    public bool IsAbsent => IsKnown && Machine is null;

    public MachinePhase Phase => Machine?.Phase ?? MachinePhase.Unspecified;

    public static MachineView Of(Machine machine) => new(true, machine);
}
