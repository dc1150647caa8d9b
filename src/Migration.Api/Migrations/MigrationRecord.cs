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

    public MigrationSource? SourceState { get; init; }

    public MigrationTarget? TargetState { get; init; }
}
