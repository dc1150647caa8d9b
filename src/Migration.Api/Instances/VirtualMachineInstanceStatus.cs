using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What was observed.</summary>
public sealed record VirtualMachineInstanceStatus : OpenRecord
{
    /// <summary>One of <see cref="InstancePhase"/>.</summary>
    public string? Phase { get; init; }

    public string? Reason { get; init; }

    public string? NodeName { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }

    public IReadOnlyList<PhaseTransition>? PhaseTransitionTimestamps { get; init; }

    public IReadOnlyList<InterfaceObservation>? Interfaces { get; init; }

    /// <summary>Launcher pods by UID, with the node of each.</summary>
    public IReadOnlyDictionary<string, string>? ActivePods { get; init; }

    /// <summary>The latest migration.</summary>
    public MigrationRecord? MigrationState { get; init; }

    /// <summary>The node that the guest is to leave; empty or another than where it is: nobody asked.</summary>
    public string? EvacuationNodeName { get; init; }

    public string? MigrationMethod { get; init; }

    public string? MigrationTransport { get; init; }

    public MachineType? Machine { get; init; }

    public CpuTopology? CurrentCPUTopology { get; init; }

    public MemoryObservation? Memory { get; init; }

    public IReadOnlyList<VolumeObservation>? VolumeStatus { get; init; }

    public long? RuntimeUser { get; init; }
}
