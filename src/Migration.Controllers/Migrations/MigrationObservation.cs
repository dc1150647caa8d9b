using System.Globalization;
using Migration.Api;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Kubernetes;

namespace Migration.Controllers.Migrations;

/// <summary>Everything that decides what happens next with a migration.</summary>
public sealed record MigrationObservation
{
    public required VirtualMachineInstanceMigration Job { get; init; }

    /// <summary>Null when there is none of this name.</summary>
    public VirtualMachineInstance? Instance { get; init; }

    /// <summary>Other migrations of the same instance that have not ended.</summary>
    public IReadOnlyList<VirtualMachineInstanceMigration> Rivals { get; init; } = [];

    /// <summary>The pod that the guest runs in, or ran in before this migration moved it.</summary>
    public Pod? SourcePod { get; init; }

    public Pod? TargetPod { get; init; }

    public MachineView Source { get; init; }

    public MachineView Target { get; init; }

    public OutgoingView Outgoing { get; init; }

    /// <summary>What became of the networks that the instance asks for.</summary>
    public ResolvedNetworks Networks { get; init; } = ResolvedNetworks.None;

    /// <summary>Whether the target node has answered PrepareIncoming, as far as this process knows.</summary>
    public bool IsPrepared { get; init; }

    public required DateTimeOffset Now { get; init; }

    public MigrationLimits Limits { get; init; } = new();

    public string Uid => Job.Metadata.Uid ?? "";

    public VirtualMachineInstanceMigrationStatus Status => Job.Status ?? new VirtualMachineInstanceMigrationStatus();

    public string Phase => string.IsNullOrEmpty(Status.Phase) ? MigrationJobPhase.Pending : Status.Phase;

    public string? SourceNode => Status.MigrationState?.SourceNode ?? SourcePod?.Spec?.NodeName;

    public string? TargetNode => TargetPod?.Spec?.NodeName;

    public TimeSpan UnschedulableTimeout => Annotated(Annotations.UnschedulableTimeout) ?? Limits.Unschedulable;

    public TimeSpan PendingTimeout => Annotated(Annotations.PendingTimeout) ?? Limits.Pending;

    /// <summary>How long ago this phase was entered; zero if it was not.</summary>
    public TimeSpan Since(string phase) => Status.PhaseTransitionTimestamps.When(phase) is { } when ? Now - when : TimeSpan.Zero;

    private TimeSpan? Annotated(string annotation) =>
        int.TryParse(Job.Metadata.Annotation(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
}
