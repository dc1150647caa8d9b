using System.Text.Json.Serialization;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>One migration in detail: <c>status.migrationState</c> of instance and migration alike.</summary>
public sealed record MigrationRecord : OpenRecord
{
    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? StartTimestamp { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? EndTimestamp { get; init; }

    [JsonConverter(typeof(TimeConverter))]
    public DateTimeOffset? TargetNodeDomainReadyTimestamp { get; init; }

    public bool? TargetNodeDomainDetected { get; init; }

    public string? TargetNodeAddress { get; init; }

    public string? TargetNode { get; init; }

    public string? TargetPod { get; init; }

    public string? SourceNode { get; init; }

    public string? SourcePod { get; init; }

    public bool? Completed { get; init; }

    public bool? Failed { get; init; }

    public bool? AbortRequested { get; init; }

    public string? AbortStatus { get; init; }

    public string? FailureReason { get; init; }

    public string? MigrationUid { get; init; }

    public string? Mode { get; init; }

    /// <summary>The policy that was applied, if one matched.</summary>
    public string? MigrationPolicyName { get; init; }

    /// <summary>The settings that were applied, the policy's among them.</summary>
    public MigrationConfiguration? MigrationConfiguration { get; init; }

    /// <summary>"Pod" or "Migration": over which network guest memory travels.</summary>
    public string? MigrationNetworkType { get; init; }

    public Quantity? TargetMemoryOverhead { get; init; }

    /// <summary>Ports of the target node, with what KubeVirt calls the stream behind each.</summary>
    public IReadOnlyDictionary<string, int>? TargetDirectMigrationNodePorts { get; init; }

    public MigrationSource? SourceState { get; init; }

    public MigrationTarget? TargetState { get; init; }
}
