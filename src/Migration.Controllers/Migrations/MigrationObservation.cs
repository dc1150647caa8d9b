using System.Globalization;
using Migration.Api;
using Migration.Controllers.Networks;
using Migration.Controllers.Nodes;
using Migration.Controllers.Pods;
using Migration.Kubernetes;
using Migration.Protos;

namespace Migration.Controllers.Migrations;

/// <summary>Everything that decides what happens next with a migration.</summary>
public sealed record MigrationObservation
{
    public required VirtualMachineInstanceMigration Job { get; init; }

    /// <summary>Null when there is none of this name.</summary>
    public VirtualMachineInstance? Instance { get; init; }

    /// <summary>Other migrations of the same instance that have not ended.</summary>
    public IReadOnlyList<VirtualMachineInstanceMigration> Rivals { get; init; } = [];

    /// <summary>Migrations of the same instance that have ended; this one too, if it has.</summary>
    public IReadOnlyList<VirtualMachineInstanceMigration> Ended { get; init; } = [];

    /// <summary>The policy that is for the instance, if one is.</summary>
    public MigrationPolicy? Policy { get; init; }

    /// <summary>Labels that a node must have to run what the guest runs with.</summary>
    public IReadOnlyDictionary<string, string> RequiredLabels { get; init; } = new Dictionary<string, string>();

    /// <summary>The pod that the guest runs in, or ran in before this migration moved it.</summary>
    public Pod? SourcePod { get; init; }

    public Pod? TargetPod { get; init; }

    public MachineView Source { get; init; }

    public MachineView Target { get; init; }

    public OutgoingView Outgoing { get; init; }

    /// <summary>What became of the networks that the instance asks for.</summary>
    public ResolvedNetworks Networks { get; init; } = ResolvedNetworks.None;

    /// <summary>What the target node has answered to PrepareIncoming, if this process has asked it.</summary>
    public PrepareIncomingResponse? Prepared { get; init; }

    public required DateTimeOffset Now { get; init; }

    public MigrationLimits Limits { get; init; } = new();

    public string Uid => Job.Metadata.Uid ?? "";

    public VirtualMachineInstanceMigrationStatus Status => Job.Status ?? new VirtualMachineInstanceMigrationStatus();

    public string Phase => string.IsNullOrEmpty(Status.Phase) ? MigrationJobPhase.Pending : Status.Phase;

    public string? SourceNode => Status.MigrationState?.SourceNode ?? SourcePod?.Spec?.NodeName;

    public string? TargetNode => TargetPod?.Spec?.NodeName;

    public TimeSpan UnschedulableTimeout => Annotated(Annotations.UnschedulableTimeout) ?? Limits.Unschedulable;

    public TimeSpan PendingTimeout => Annotated(Annotations.PendingTimeout) ?? Limits.Pending;

    /// <summary>How the copy is done: as was written down when the migration began, whatever policies say by now.</summary>
    public MigrationConfiguration Configuration => Status.MigrationState?.MigrationConfiguration ?? MigrationPolicies.Apply(Limits.Configuration, Policy);

    public long GuestMemory => Source.Machine is { Plan.MemoryBytes: > 0 } machine ? (long)machine.Plan.MemoryBytes : MachineResources.GuestMemory(Instance?.CompleteSpec().Domain ?? new Domain());

    /// <summary>How long ago this phase was entered; zero if it was not.</summary>
    public TimeSpan Since(string phase) => Status.PhaseTransitionTimestamps.When(phase) is { } when ? Now - when : TimeSpan.Zero;

    private TimeSpan? Annotated(string annotation) =>
        int.TryParse(Job.Metadata.Annotation(annotation), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
}
