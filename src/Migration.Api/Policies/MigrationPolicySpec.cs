using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>Whom the policy is for, and what it sets; what it leaves out is the cluster's.</summary>
public sealed record MigrationPolicySpec : OpenRecord
{
    internal static readonly MigrationPolicySpec Empty = new();

    /// <summary>A policy without selectors is for nobody.</summary>
    public PolicySelectors? Selectors { get; init; }

    public bool? AllowAutoConverge { get; init; }

    public bool? AllowPostCopy { get; init; }

    public bool? AllowWorkloadDisruption { get; init; }

    /// <summary>Bytes per second; 0 is unlimited.</summary>
    public Quantity? BandwidthPerMigration { get; init; }

    /// <summary>Seconds for each GiB of the guest.</summary>
    public long? CompletionTimeoutPerGiB { get; init; }

    public long? MaxDowntimeMs { get; init; }

    public JsonElement? Experimental { get; init; }
}
