using Migration.Node.Networks;

namespace Migration.Node.Machines;

/// <summary>
/// What must survive the node service's own death: it is on disk before it is acted on. Everything else about a machine
/// is asked from the launcher and from QEMU.
/// </summary>
internal sealed record MachineRecord
{
    public required MachinePlan Plan { get; init; }

    /// <summary>Interfaces that the plan does not name any more, until the guest has let go of them and nothing of them is left.</summary>
    public IReadOnlyList<InterfacePlan> Leaving { get => field ?? []; init; } = [];

    /// <summary>Given to the launcher with Launch, so that launching again finds what runs. Set before the first Launch.</summary>
    public string? LaunchId { get; init; }

    /// <summary>What was chosen at the first start; pinned for migrations.</summary>
    public string MachineType { get; init; } = "";
    public string CpuModel { get; init; } = "";
    public Accelerator Accelerator { get; init; }

    /// <summary>Somebody asked for the guest to stand still.</summary>
    public bool Paused { get; init; }

    /// <summary>The guest runs on another node now; its QEMU here is to end.</summary>
    public bool Moved { get; init; }

    /// <summary>The guest left its address here: the launcher stays without QEMU, and with it the pod.</summary>
    public bool Anchor { get; init; }
    public Arrival? Arrival { get; init; }
    public Ending? Ending { get; init; }
    public Deletion? Deletion { get; init; }
}
