using Migration.Kubernetes;

namespace Migration.Api;

/// <summary>How far the copy is, and how it went.</summary>
public sealed record MigrationJobProgress : OpenRecord
{
    public int? Percent { get; init; }

    public long? TotalBytes { get; init; }

    public long? TransferredBytes { get; init; }

    public long? RemainingBytes { get; init; }

    public long? BytesPerSecond { get; init; }

    public long? DirtyBytesPerSecond { get; init; }

    public int? Iteration { get; init; }

    /// <summary>A Go duration, as all durations here: see <see cref="GoDuration"/>.</summary>
    public string? PredictedDowntime { get; init; }

    public string? Downtime { get; init; }

    public string? TotalTime { get; init; }

    public bool? Encrypted { get; init; }

    /// <summary>The source pod stays and keeps the guest's address on the pod network.</summary>
    public bool? Anchored { get; init; }

    /// <summary>Frames that reached the guest while it stood still, and were sent after it.</summary>
    public long? FramesSentAfter { get; init; }
}
