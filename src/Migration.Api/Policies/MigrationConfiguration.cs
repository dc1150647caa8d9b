using System.Text.Json;
using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>How migrations are done: the cluster's settings, or those of one migration as <c>status.migrationState.migrationConfiguration</c>.</summary>
public sealed record MigrationConfiguration : OpenRecord
{
    /// <summary>What KubeVirt does where nothing is said.</summary>
    public static readonly MigrationConfiguration Default = new()
    {
        NodeDrainTaintKey = "kubevirt.io/drain",
        ParallelMigrationsPerCluster = 5,
        ParallelOutboundMigrationsPerNode = 2,
        BandwidthPerMigration = Quantity.OfBytes(0),
        CompletionTimeoutPerGiB = 150,
        AllowAutoConverge = false,
        AllowPostCopy = false,
        AllowWorkloadDisruption = false,
        DisableTLS = false,
    };

    public string? NodeDrainTaintKey { get; init; }

    public int? ParallelMigrationsPerCluster { get; init; }

    public int? ParallelOutboundMigrationsPerNode { get; init; }

    /// <summary>Bytes per second; 0 is unlimited.</summary>
    public Quantity? BandwidthPerMigration { get; init; }

    /// <summary>Seconds for each GiB of the guest; 0 is unlimited.</summary>
    public long? CompletionTimeoutPerGiB { get; init; }

    public long? MaxDowntimeMs { get; init; }

    public bool? AllowAutoConverge { get; init; }

    public bool? AllowPostCopy { get; init; }

    /// <summary>Whether a guest that does not converge in time may be stopped until the rest is there.</summary>
    public bool? AllowWorkloadDisruption { get; init; }

    [System.Text.Json.Serialization.JsonPropertyName("disableTLS")]
    public bool? DisableTLS { get; init; }

    public JsonElement? Experimental { get; init; }
}
