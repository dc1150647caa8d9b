using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>What was observed.</summary>
public sealed record VirtualMachineInstanceMigrationStatus : OpenRecord
{
    /// <summary>One of <see cref="MigrationJobPhase"/>.</summary>
    public string? Phase { get; init; }

    public IReadOnlyList<Condition>? Conditions { get; init; }

    public IReadOnlyList<PhaseTransition>? PhaseTransitionTimestamps { get; init; }

    public MigrationRecord? MigrationState { get; init; }

    /// <summary>Ours, beside KubeVirt's fields.</summary>
    public MigrationJobProgress? Progress { get; init; }
}
